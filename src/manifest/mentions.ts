import type { Position } from '../core/errors.ts';
import type { Place, Tree } from './tree.ts';
import type { YamlSource } from './yaml.ts';

/** A place where a file mentions a variable. */
export interface Mention {
  /** `read`: `$NAME`; `mesh`: `{{name}}` and global variables; `run`: `$$SCONE::name$$`. */
  binding: 'read' | 'mesh' | 'run';
  name: string;
  /** Its default, where the file has one. */
  fallback?: string;
  at: Position;
}

const pattern =
  /\$\$SCONE::((?:(?!\$\$)[^])*)\$\$|\\\$|\$\$|\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))|\{\{\s*([A-Za-z_][A-Za-z0-9_.]*)\s*(?:\|\s*default\(\s*value\s*=\s*(?:"([^"]*)"|'([^']*)'|`([^`]*)`|([^\s"'`)]+))\s*\)\s*)?\}\}/g;

/** Each takes a search through the whole scalar. */
const mostLost = 100;

/** Every variable that a file mentions, in the order of the file. */
export function mentionsIn(source: YamlSource): Mention[] {
  const mentions: Mention[] = [];
  const walk = (value: Tree, place: Place | undefined): void => {
    if (place === undefined) return;
    if (typeof value === 'string') for (const mention of mentionsOf(value, source, place)) mentions.push(mention);
    else if (Array.isArray(value)) value.forEach((item, index) => walk(item, place.members?.get(index)));
    else if (value !== null) for (const [key, item] of Object.entries(value)) walk(item, place.members?.get(key));
  };
  walk(source.value, source.place);
  mentions.push(...globals(source));
  return mentions;
}

function mentionsOf(text: string, source: YamlSource, place: Place): Mention[] {
  const mentions: Mention[] = [];
  let from = place.start;
  let lost = 0;
  for (const match of text.matchAll(pattern)) {
    const [whole, inside, braced, bare, variable, ...defaults] = match;
    const fallback = defaults.find((one) => one !== undefined);
    const within = lost > mostLost ? -1 : source.text.slice(from, place.end).indexOf(whole);
    const at = source.position(within < 0 ? place.start : from + within);
    // What is written in another way, with an escape, is not found.
    if (within < 0) lost++;
    else from += within + whole.length;
    const read = braced ?? bare;
    if (inside !== undefined) {
      const [secret = ''] = inside.split(/[:|]/, 1);
      // Only as far as it is a name: where the end of a placeholder is forgotten, any text may follow (item 56).
      const [name = ''] = /^(?:[A-Za-z0-9_.~-]|\{\{\s*[A-Za-z0-9_.]+\s*\}\})*/.exec(secret) ?? [];
      mentions.push({ binding: 'run', name, at });
      // A variable of the mesh may stand inside the placeholder.
      for (const inner of secret.matchAll(/\{\{\s*([A-Za-z_][A-Za-z0-9_.]*)\s*\}\}/g)) {
        mentions.push({ binding: 'mesh', name: inner[1] ?? '', at });
      }
    } else if (read !== undefined) mentions.push({ binding: 'read', name: read, at });
    else if (variable !== undefined) {
      const name = variable.replaceAll('.', '_');
      mentions.push({ binding: 'mesh', name, ...(fallback === undefined ? {} : { fallback }), at });
    }
  }
  return mentions;
}

/** `environment.global` of a service manifest: variables that the mesh has to set. */
function globals(source: YamlSource): Mention[] {
  const section = memberOf(memberOf(source.value, 'environment'), 'global');
  if (!Array.isArray(section)) return [];
  return section.flatMap((entry, index): Mention[] => {
    const name = memberOf(entry, 'name');
    const fallback = memberOf(entry, 'value');
    if (typeof name !== 'string') return [];
    const at = source.at(['environment', 'global', index, 'name']);
    return [{ binding: 'mesh', name, ...(typeof fallback === 'string' ? { fallback } : {}), at }];
  });
}

function memberOf(value: Tree | undefined, key: string): Tree | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value[key] : undefined;
}
