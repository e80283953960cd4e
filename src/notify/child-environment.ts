/** What a helper program needs to run at all, to speak the user's language, and to find the user's desktop. */
const PASSED_ON = /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TMPDIR|XDG_RUNTIME_DIR)$/;

/**
 * The environment for a program that sends an alert. Ours is not handed on whole: it may hold every secret that the
 * config refers to by `env`.
 * @param ours the environment of this process
 * @param extra what the program gets besides; wins over ours
 */
export function childEnvironment(
  ours: Readonly<Record<string, string | undefined>>,
  extra: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const passed = Object.entries(ours).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && PASSED_ON.test(entry[0]),
  );
  return { ...Object.fromEntries(passed), ...extra };
}
