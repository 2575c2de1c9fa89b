import { SconeError } from '../core/errors.ts';

/**
 * A path inside an image: absolute, as bytes. A name in a file system is bytes and need not be UTF-8, so the text holds
 * one character per byte (latin1). Then `<` sorts by bytes, and texts serve as keys of a `Map`.
 */
export type BytePath = string;

/** The byte path of a text that a person wrote (UTF-8). It may be relative; nothing is resolved. */
export function pathOfText(text: string): BytePath {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** The bytes for calls into the file system. */
export function pathBytes(path: BytePath): Buffer {
  return Buffer.from(path, 'latin1');
}

/** The form for messages and for rootfs.json: bytes outside `[A-Za-z0-9._~/-]` as `%XX`, upper case. */
export function encodePath(path: BytePath): string {
  return path.replace(/[^A-Za-z0-9._~/-]/g, (byte) => {
    const code = byte.charCodeAt(0);
    if (code > 0xff) throw new SconeError('E_INTERNAL', 'a byte path holds a character that is no byte');
    return `%${code.toString(16).toUpperCase().padStart(2, '0')}`;
  });
}

/** Reads the form of {@link encodePath}; every other spelling of the same bytes is an `E_FORMAT`. */
export function decodePath(text: string, what = 'path'): BytePath {
  const path = text.replace(/%([0-9A-F]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
  if (path.includes('\0') || /[^\0-\xff]/.test(path) || encodePath(path) !== text) {
    throw new SconeError('E_FORMAT', `the ${what} is not in its one encoded form`, { found: text.slice(0, 200) });
  }
  return path;
}

/** Whether the path is absolute and has neither empty parts nor `.` nor `..` nor NUL; `/` is one. */
export function isNormal(path: BytePath): boolean {
  if (path === '/') return true;
  if (!path.startsWith('/') || path.includes('\0')) return false;
  return path
    .slice(1)
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..');
}

/** The directory a path is in; `/` for itself. */
export function parentOf(path: BytePath): BytePath {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

/** The last part of a path. */
export function nameOf(path: BytePath): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** A name below a directory. */
export function below(directory: BytePath, name: string): BytePath {
  return directory === '/' ? `/${name}` : `${directory}/${name}`;
}

/** Whether `path` is `directory` or below it. */
export function isWithin(path: BytePath, directory: BytePath): boolean {
  return directory === '/' || path === directory || path.startsWith(`${directory}/`);
}

/** Order of byte paths, for `sort`. */
export function comparePaths(a: BytePath, b: BytePath): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
