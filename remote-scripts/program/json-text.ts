/** A result for programs as it is printed: one object on one line. */
export function jsonText(result: object): string {
  return `${JSON.stringify(result)}\n`;
}

/** A time for programs; null if it is not known. */
export function timeOf(time: Date | undefined): string | null {
  return time === undefined || Number.isNaN(time.getTime()) ? null : time.toISOString();
}
