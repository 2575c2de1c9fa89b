import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { readImports } from './imports.ts';

/** One room of `rooms.json`. */
export interface Room {
  what: string;
  /** Rooms that every file of this one may import. */
  imports: readonly string[];
  /** No I/O, no clock, no randomness, no environment. */
  pure?: boolean;
  /** Entry points that may import more; nothing of ours may import them. */
  files?: { readonly [file: string]: readonly string[] };
  /** Of these rooms only the files listed may be imported. */
  only?: { readonly [room: string]: readonly string[] };
  /** Files of a pure room that are themselves the source of a time. */
  sources?: readonly string[];
}

export type Rooms = { readonly [name: string]: Room };

export interface SourceFile {
  /** Relative to the project, with `/`: `src/cas/cas.ts`. */
  path: string;
  text: string;
}

export interface Wrong {
  path: string;
  line: number;
  message: string;
}

/** Builtins that reach outside the process, or answer differently from one machine to the next. */
const outside =
  /^node:(?:fs|net|http|https|http2|tls|dgram|dns|child_process|worker_threads|cluster|os|process|sqlite|timers|inspector|vm|repl|readline|tty)(?:\/|$)/;

/**
 * Every import that the rooms do not allow and every impurity of a pure room; nothing when all is well.
 * A pure function of its arguments: a test gives it files that do not exist.
 *
 * @param packages names in package.json's `dependencies`, the only packages that production files may import
 */
export function wrongImports(rooms: Rooms, packages: readonly string[], files: readonly SourceFile[]): Wrong[] {
  return [...wrongRooms(rooms), ...files.flatMap((file) => wrongInFile(rooms, packages, file))];
}

/** Whether a production file may import another by the arrows alone. Paths are relative to the folders of the rooms. */
export function allowed(rooms: Rooms, from: string, fromFile: string, to: string, toFile: string): boolean {
  const room = rooms[from];
  if (room === undefined) return false;
  if (from === to) return true;
  if (room.files?.[fromFile]?.includes(to) === true) return true;
  const only = room.only?.[to];
  return only === undefined ? room.imports.includes(to) : only.includes(toFile);
}

function wrongRooms(rooms: Rooms): Wrong[] {
  const wrong: Wrong[] = [];
  const say = (message: string) => wrong.push({ path: 'rooms.json', line: 1, message });
  for (const [name, room] of Object.entries(rooms)) {
    const named = [...targets(room), ...Object.keys(room.only ?? {})];
    for (const other of named)
      if (rooms[other] === undefined) say(`${name} names the room ${other}, which does not exist`);
    for (const target of targets(room))
      if (reaches(rooms, target, name)) say(`${name} and ${target} import each other`);
  }
  return wrong;
}

function targets(room: Room): string[] {
  return [...room.imports, ...Object.values(room.files ?? {}).flat()];
}

function reaches(rooms: Rooms, from: string, to: string, seen = new Set<string>()): boolean {
  if (from === to) return true;
  if (seen.has(from)) return false;
  seen.add(from);
  const room = rooms[from];
  return room !== undefined && targets(room).some((next) => reaches(rooms, next, to, seen));
}

function wrongInFile(rooms: Rooms, packages: readonly string[], file: SourceFile): Wrong[] {
  const wrong: Wrong[] = [];
  const say = (line: number, message: string) => wrong.push({ path: file.path, line, message });
  const { room: from, rest: fromFile } = split(file.path);
  const room = from === undefined ? undefined : rooms[from];
  if (from === undefined || room === undefined) {
    say(1, from === undefined ? 'this file is in no room' : `the folder ${from} is no room of rooms.json`);
    return wrong;
  }
  const found = readImports(file.path, file.text);
  for (const { line, text } of found.problems) say(line, text);
  if (isTest(file.path)) return wrong;

  for (const { line, text } of found.specifiers) {
    if (!text.startsWith('.')) {
      const name = packageName(text);
      if (text.startsWith('node:')) {
        if (room.pure === true && outside.test(text)) say(line, `${from} is pure and may not import ${text}`);
      } else if (!packages.includes(name)) {
        say(line, `${text} is no dependency of production code (a builtin is written node:…)`);
      }
      continue;
    }
    const target = normalize(join(dirname(file.path), text));
    const { room: to, rest: toFile } = split(target);
    // Our name and version; data that the bundler puts into the bundle.
    if (target === 'package.json') continue;
    if (isTest(target)) say(line, `production code may not import the test ${target}`);
    else if (to === undefined || rooms[to] === undefined) say(line, `${target} is in no room`);
    else if (rooms[to].files?.[toFile] !== undefined) say(line, `${target} is an entry point and imported by nobody`);
    else if (!allowed(rooms, from, fromFile, to, toFile)) {
      const only = room.only?.[to];
      say(
        line,
        `${from} may not import ${only === undefined || only.length === 0 ? to : `more of ${to} than ${only.join(', ')}`}: ${text}`,
      );
    }
  }
  if (room.pure === true && room.sources?.includes(fromFile) !== true) {
    for (const { line, text } of found.ambient)
      say(line, `${from} is pure and may not use ${text}: take it as a parameter`);
  }
  return wrong;
}

function split(path: string): { room: string | undefined; rest: string } {
  // The public entry src/verify.ts is a room of one file.
  const match = /^src\/([^/]+)\/(.+)$/.exec(path) ?? /^src\/(verify)(\.ts)$/.exec(path);
  return { room: match?.[1], rest: match?.[2] ?? '' };
}

function isTest(path: string): boolean {
  return path.endsWith('.test.ts');
}

function packageName(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** `rooms.json` of a project. */
export function loadRooms(root: string): Rooms {
  return JSON.parse(readFileSync(join(root, 'rooms.json'), 'utf8')) as Rooms;
}

/** Every TypeScript file below `src`, sorted. */
export function loadSources(root: string): SourceFile[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => ({ path: `src/${name}`, text: readFileSync(join(root, 'src', name), 'utf8') }));
}

/** What is wrong with the imports of the project in `root`. */
export function lintRooms(root: string): Wrong[] {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: object };
  return wrongImports(loadRooms(root), Object.keys(dependencies), loadSources(root));
}
