/** A command, split into its words. */
export interface Words {
  argv: string[];
  /** Characters outside quotes that a shell would have understood; here they are text. */
  metacharacters: string[];
}

/** Pieces that are kept whole whatever blanks they hold; an end that is missing makes the beginning plain text. */
const spans = [
  { open: '{{', close: '}}' },
  { open: '$$SCONE::', close: '$$' },
] as const;

/**
 * Splits a command at blanks; `'…'` and `"…"` keep blanks together and are taken away. There is no shell: nothing is
 * expanded, and a backslash is a backslash. A `{{…}}` is one piece whatever blanks it holds. Nothing where a quote is
 * not closed.
 */
export function splitWords(text: string): Words | undefined {
  const argv: string[] = [];
  const odd = new Set<string>();
  let word: string | undefined;
  let at = 0;
  while (at < text.length) {
    const character = text.charAt(at);
    if (/\s/.test(character)) {
      if (word !== undefined) argv.push(word);
      word = undefined;
      at++;
    } else if (character === '"' || character === "'") {
      const end = text.indexOf(character, at + 1);
      if (end < 0) return undefined;
      word = (word ?? '') + text.slice(at + 1, end);
      at = end + 1;
    } else {
      const end = endOfSpan(text, at);
      if (end === undefined && /[|&;<>()`*?\\$]/.test(character)) odd.add(character);
      word = (word ?? '') + text.slice(at, end ?? at + 1);
      at = end ?? at + 1;
    }
  }
  if (word !== undefined) argv.push(word);
  return { argv, metacharacters: [...odd] };
}

function endOfSpan(text: string, at: number): number | undefined {
  for (const { open, close } of spans) {
    if (!text.startsWith(open, at)) continue;
    const end = text.indexOf(close, at + open.length);
    if (end >= 0) return end + close.length;
  }
  return undefined;
}
