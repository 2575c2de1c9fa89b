import { type Position, SconeError } from '../core/errors.ts';
import { repeated } from '../language/repeat.ts';
import type { Place, Tree, TreeMap } from './tree.ts';
import type { YamlSource } from './yaml.ts';

/**
 * One thing that begins with `$`, or `\$`: a placeholder of the run-time layer (kept whole), an escaped dollar, two
 * dollars, a variable, or a dollar alone.
 */
const dollar = /\$\$SCONE::.*?\$\$|\\\$|\$\$|\$\{([^}]{0,200})\}|\$([A-Za-z_][A-Za-z0-9_]*)|\$/gs;
const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** More than anybody will read. */
const mostProblems = 100;

/**
 * Replaces `$VAR` and `${VAR}` in every scalar. `$$SCONE::…$$`, `$$` and a lone `$` stay as they are; `\$` becomes `$`.
 * What a variable holds is not looked at again, and cannot change the structure of the document (threat model 53).
 * A variable without a value is a problem at its position, and so is an odd `${…}`.
 *
 * @returns `isUnset` tells whether something at this position is only wrong because a variable had no value
 */
export function substituteVariables(
  source: YamlSource,
  variables: ReadonlyMap<string, string>,
): { source: YamlSource; problems: SconeError[]; isUnset: (problem: SconeError) => boolean } {
  const problems: SconeError[] = [];
  const unset = new Set<string>();
  const key = (at: Position | undefined) => `${at?.line}:${at?.column}`;

  const scalar = (text: string, { start: first, end }: Place): string => {
    let from = first;
    let lost = false;
    return text.replace(dollar, (whole: string, braced: string | undefined, bare: string | undefined, at: number) => {
      if (whole === '\\$') return '$';
      const name = braced ?? bare;
      if (name === undefined) return whole;
      // In a quoted or folded scalar the text and its source may differ; the variable itself is written the same way.
      // Where it is not (an escape, an alias), the beginning of the scalar has to do for the rest of it.
      const found = lost ? -1 : source.text.slice(from, end).indexOf(whole);
      const start = found < 0 ? first : from + found;
      lost = found < 0;
      if (!lost) from = start + whole.length;
      const value = variables.get(name);
      if (value !== undefined) return value;
      unset.add(key(source.position(first)));
      if (problems.length >= mostProblems) return whole;
      const place = source.position(start);
      if (!variableName.test(name)) {
        problems.push(
          new SconeError('E_VARIABLE', `"\${${repeated(name)}}" is no variable`, {
            at: place,
            expected: '${NAME} of letters, digits and _',
            hint: 'write \\${ where the text itself has these characters',
          }),
        );
        return whole;
      }
      problems.push(
        new SconeError('E_VARIABLE', `the variable ${name} has no value`, {
          at: place,
          hint: text.startsWith('::', at + whole.length)
            ? 'a placeholder has two dollars at both ends: $$SCONE::name$$'
            : `set it in the environment (${name}=… sconectl apply …), or write \\$${name} where the text itself is meant`,
        }),
      );
      return whole;
    });
  };

  const walk = (value: Tree, place: Place | undefined, parent: Place): Tree => {
    const here = place ?? parent;
    if (typeof value === 'string') return value.includes('$') ? scalar(value, here) : value;
    if (value === null) return null;
    if (Array.isArray(value)) return value.map((item, index) => walk(item, here.members?.get(index), here));
    const map: TreeMap = Object.create(null);
    for (const [name, member] of Object.entries(value)) map[name] = walk(member, here.members?.get(name), here);
    return map;
  };

  const substituted = source.withValue(walk(source.value, source.place, source.place));
  return { source: substituted, problems, isUnset: ({ at }) => unset.has(key(at)) };
}
