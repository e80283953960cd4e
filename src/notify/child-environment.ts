/** What a helper program needs to run at all, to speak the user's language, and to find the user's desktop. */
const PASSED_ON = /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TMPDIR|XDG_RUNTIME_DIR)$/;

/**
 * The environment for a program that sends an alert. Ours is not passed on as a whole, because it may hold every secret
 * that the configuration refers to by `env`.
 * @param ours the environment of this process
 * @param extra what the program gets in addition; takes precedence
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
