import { parseSync } from 'rolldown/utils';

/** One thing a source file takes from outside itself. */
export interface Finding {
  /** Counts from 1. */
  line: number;
  text: string;
}

export interface Imports {
  /** Every module specifier: import, export from, import(), import type, require(). */
  specifiers: Finding[];
  /** Uses of the outside world without an import: the clock, randomness, the environment, the network. */
  ambient: Finding[];
  /** What stopped the reading: syntax errors, and imports whose target is computed. */
  problems: Finding[];
}

interface Node {
  type: string;
  start: number;
  [key: string]: unknown;
}

/** Members of globals that answer differently from one call to the next. */
const ambientMembers: Record<string, readonly string[]> = {
  Date: ['now'],
  Math: ['random'],
  crypto: ['getRandomValues', 'randomUUID'],
  performance: ['now', 'timeOrigin'],
};
/** Globals, and what node:crypto exports, that no pure file may mention at all. */
const ambientNames = new Set([
  'process',
  'fetch',
  'randomBytes',
  'randomUUID',
  'randomInt',
  'randomFill',
  'randomFillSync',
  'getRandomValues',
  'generateKey',
  'generateKeySync',
  'generateKeyPair',
  'generateKeyPairSync',
]);

/**
 * What a TypeScript file imports and which ambient sources it reads, from its syntax tree: text in strings and
 * comments does not count, and no way of writing an import is missed.
 */
export function readImports(path: string, text: string): Imports {
  const found: Imports = { specifiers: [], ambient: [], problems: [] };
  const { program, errors } = parseSync(path, text, { lang: 'ts' });
  const line = (at: number) => text.slice(0, at).split('\n').length;
  for (const error of errors) {
    found.problems.push({ line: line(error.labels[0]?.start ?? 0), text: error.message });
  }
  const declared = new Set<string>();
  const mentions: { name: string; at: number }[] = [];

  const specifier = (source: unknown, at: number) => {
    const value = literal(source);
    if (value === undefined) found.problems.push({ line: line(at), text: 'an import whose target is computed' });
    else found.specifiers.push({ line: line(at), text: value });
  };

  walk(program, undefined, '', (node, parent, key) => {
    switch (node.type) {
      case 'ImportDeclaration':
        specifier(node['source'], node.start);
        // Taken as a whole, its random functions could be used under any name.
        if (/^(?:node:)?crypto$/.test(literal(node['source']) ?? '')) {
          const whole = list(node['specifiers']).some((part) => isNode(part) && part.type !== 'ImportSpecifier');
          if (whole) found.ambient.push({ line: line(node.start), text: 'node:crypto as a whole' });
        }
        break;
      case 'ExportAllDeclaration':
      case 'ImportExpression':
      case 'TSImportType':
        specifier(node['source'], node.start);
        break;
      case 'ExportNamedDeclaration':
        if (isNode(node['source'])) specifier(node['source'], node.start);
        break;
      case 'TSExternalModuleReference':
        specifier(node['expression'], node.start);
        break;
      case 'CallExpression':
        if (identifier(node['callee']) === 'require') specifier(list(node['arguments'])[0], node.start);
        if (identifier(node['callee']) === 'Date') found.ambient.push({ line: line(node.start), text: 'Date()' });
        break;
      case 'NewExpression':
        if (identifier(node['callee']) === 'Date' && list(node['arguments']).length === 0) {
          found.ambient.push({ line: line(node.start), text: 'new Date()' });
        }
        break;
      case 'MemberExpression': {
        const object = identifier(node['object']) ?? '';
        const member = node['computed'] === true ? literal(node['property']) : identifier(node['property']);
        const owner = object === 'globalThis' ? '' : `${object}.`;
        if (object === 'globalThis' ? ambientNames.has(member ?? '') : ambientMembers[object]?.includes(member ?? '')) {
          found.ambient.push({ line: line(node.start), text: `${owner}${member}` });
        }
        break;
      }
      case 'ImportSpecifier': {
        const name = identifier(node['imported']) ?? '';
        if (ambientNames.has(name)) found.ambient.push({ line: line(node.start), text: name });
        break;
      }
      case 'ObjectPattern':
        for (const property of list(node['properties'])) {
          const name = isNode(property) ? identifier(property['value']) : undefined;
          if (name !== undefined) declared.add(name);
        }
        break;
      case 'Identifier': {
        const name = String(node['name']);
        if (!ambientNames.has(name)) break;
        if (declares(parent, key)) declared.add(name);
        else if (!namesAMember(parent, key)) mentions.push({ name, at: node.start });
        break;
      }
    }
  });
  // A parameter called `fetch` or `randomBytes` is exactly how a pure file should get it.
  for (const { name, at } of mentions) {
    if (!declared.has(name)) found.ambient.push({ line: line(at), text: name });
  }
  return found;
}

function walk(
  value: unknown,
  parent: Node | undefined,
  key: string,
  visit: (node: Node, parent: Node | undefined, key: string) => void,
): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, parent, key, visit);
  } else if (isNode(value)) {
    visit(value, parent, key);
    for (const [name, member] of Object.entries(value)) walk(member, value, name, visit);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function identifier(value: unknown): string | undefined {
  return isNode(value) && value.type === 'Identifier' ? String(value['name']) : undefined;
}

/** The text of a string literal, or of a template without substitutions. */
function literal(value: unknown): string | undefined {
  if (!isNode(value)) return undefined;
  if (value.type === 'Literal' && typeof value['value'] === 'string') return value['value'];
  if (value.type !== 'TemplateLiteral' || list(value['expressions']).length > 0) return undefined;
  const quasi = list(value['quasis'])[0];
  const cooked = isNode(quasi) ? (quasi['value'] as { cooked?: unknown }).cooked : undefined;
  return typeof cooked === 'string' ? cooked : undefined;
}

/** Whether an identifier at this place of its parent brings a name into being: a parameter or a variable. */
function declares(parent: Node | undefined, key: string): boolean {
  if (parent === undefined) return false;
  if (key === 'params' || (parent.type === 'VariableDeclarator' && key === 'id')) return true;
  return parent.type === 'AssignmentPattern' && key === 'left';
}

/** Whether an identifier at this place is only a member's or a type's name. */
function namesAMember(parent: Node | undefined, key: string): boolean {
  if (parent === undefined) return false;
  if (parent.type === 'MemberExpression') return key === 'property' && parent['computed'] !== true;
  if (key === 'key') return parent['computed'] !== true;
  return parent.type.startsWith('TS') || parent.type === 'ImportSpecifier' || parent.type === 'ExportSpecifier';
}
