/**
 * A text as one word of a shell, for commands that people copy: as it is where that is safe, otherwise in single quotes,
 * between which POSIX (XCU 2.2.2) gives no character a meaning.
 */
export function shellWord(text: string): string {
  // An equals sign before any blank would assign only in front of a command, and a tilde expands only at a beginning.
  if (/^[A-Za-z0-9_@%+=:,./][A-Za-z0-9_@%+=:,./~-]*$/.test(text)) return text;
  return `'${text.replaceAll("'", "'\\''")}'`;
}
