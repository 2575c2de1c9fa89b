/** A command, split into its words. */
export interface Command {
  argv: string[];
  /** Characters outside quotes that a shell would have understood; here they are text. */
  metacharacters: string[];
}

/**
 * Splits a command at blanks; `'…'` and `"…"` keep blanks together and are taken away. There is no shell: nothing is
 * expanded, and a backslash is a backslash. A `{{…}}` is one piece whatever blanks it holds. Nothing where a quote is
 * not closed.
 */
export function splitCommand(text: string): Command | undefined {
  const argv: string[] = [];
  const odd = new Set<string>();
  let word: string | undefined;
  const piece = /\s+|'([^']*)'|"([^"]*)"|(\{\{.*?\}\}|\$\$SCONE::.*?\$\$)|([^\s'"])/gsy;
  while (piece.lastIndex < text.length) {
    const match = piece.exec(text);
    if (match === null) return undefined;
    const [whole, single, double, template, character] = match;
    const part = single ?? double ?? template ?? character;
    if (part === undefined) {
      if (word !== undefined) argv.push(word);
      word = undefined;
      continue;
    }
    if (character !== undefined && /[|&;<>()`*?\\$]/.test(whole)) odd.add(whole);
    word = (word ?? '') + part;
  }
  if (word !== undefined) argv.push(word);
  return { argv, metacharacters: [...odd] };
}
