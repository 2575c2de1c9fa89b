/**
 * What a message may repeat of a text that should have been a name: its beginning, up to the first character that no
 * name has. Behind that anything may stand, a password too, and messages end up in logs (threat model 56).
 */
export function nameIn(text: string): string {
  const [name = ''] = /^[A-Za-z0-9_.~-]{0,128}/.exec(text) ?? [];
  return name;
}

/** The same, which shows that there was more. */
export function repeated(text: string): string {
  const name = nameIn(text);
  return name.length < text.length ? `${name}…` : name;
}
