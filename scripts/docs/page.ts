/** First line of every page that is made from code. */
export const notice = '<!-- Made by `npm run docs` from the sources; a test fails when it differs. -->';

/** A page with its notice, a title and paragraphs, tables or blocks of code. */
export function page(title: string, ...blocks: readonly string[]): string {
  return `${[notice, `# ${title}`, ...blocks].join('\n\n')}\n`;
}

/** A Markdown table. Cells may hold Markdown; bars and line ends in them are made harmless. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replace(/\s*\n\s*/g, ' ')).join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}

export function code(text: string): string {
  return `\`${text}\``;
}

export function fence(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}
