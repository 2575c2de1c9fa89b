import { didYouMean } from './suggest.ts';

/** The name in `$$SCONE::name$$`, without the format behind `:` and the old suffixes. */
const reference = /\$\$SCONE::((?:(?!\$\$).)*)(\$\$)?/gs;

/**
 * What is wrong with the placeholders of a text, as a manifest's author can see it: one that is not closed, and one
 * whose secret the manifest neither defines nor imports. Names with `{{…}}` in them are judged at mesh time.
 */
export function wrongReferences(text: string, secrets: readonly string[]): { rule: string; hint: string }[] {
  const wrong: { rule: string; hint: string }[] = [];
  for (const [, inside = '', close] of text.matchAll(reference)) {
    if (close === undefined) {
      wrong.push({
        rule: 'holds a placeholder that is not closed',
        hint: `write $$SCONE::${secretName(inside.split(/\s/, 1)[0] ?? '')}$$, with two dollars at both ends`,
      });
      continue;
    }
    const name = secretName(inside);
    if (inside.includes('{{') || secrets.includes(name) || secrets.includes(inside)) continue;
    const defined = secrets.length === 0 ? 'this manifest defines no secret' : didYouMean(name, secrets);
    wrong.push({
      rule: `refers to the secret ${JSON.stringify(name)}, which this manifest neither defines nor imports`,
      hint: `${defined}; secrets are defined in secrets.global and imported in secrets.import`,
    });
  }
  return wrong;
}

function secretName(inside: string): string {
  return inside.replace(/[:|].*$/s, '').replace(/\.(?:crt|key|chain|hex)$/, '');
}
