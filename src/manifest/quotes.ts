import { SconeError } from '../core/errors.ts';
import type { Place, Tree } from './tree.ts';
import type { YamlSource } from './yaml.ts';

/** Quotes of typography, of which a word processor makes pairs; to YAML they are letters. */
const typographic = /^[“”„‟«»‘’‚‛].*[“”„‟«»‘’‚‛]$/s;

/** Warnings for texts in quotes that YAML does not know, and which are part of the text therefore. */
export function typographicQuotes(source: YamlSource): SconeError[] {
  const warnings: SconeError[] = [];
  const walk = (value: Tree, place: Place | undefined): void => {
    if (place === undefined) return;
    if (typeof value === 'string' && typographic.test(value)) {
      warnings.push(
        new SconeError(source.code, `the quotes ${value.charAt(0)} and ${value.at(-1)} are part of this text`, {
          at: source.position(place.start),
          hint: 'write " or \' where quotes around the text are meant',
        }),
      );
    } else if (Array.isArray(value)) value.forEach((item, index) => walk(item, place.members?.get(index)));
    else if (value !== null && typeof value === 'object') {
      for (const [key, member] of Object.entries(value)) walk(member, place.members?.get(key));
    }
  };
  walk(source.value, source.place);
  return warnings;
}
