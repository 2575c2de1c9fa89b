/** One entry of a root file system as `rootfs.json` lists it (conventions.md, rootfs.json). */
export interface Entry {
  /** Absolute; bytes outside `[A-Za-z0-9._~/-]` as `%XX`, upper case. */
  path: string;
  /** `mountpoint`: an empty directory or file that an engine may mount over; `Mount` judges what it mounts. */
  type: 'dir' | 'file' | 'symlink' | 'mountpoint';
  /** Four octal digits, setuid bits included. */
  mode: string;
  uid: number;
  gid: number;
  /** Of a file, in bytes. */
  size?: number;
  /** Of a file, hex. */
  sha256?: string;
  /** Of a symlink, percent-encoded like `path`. */
  target?: string;
  /** Base64 of the bytes by name. */
  xattrs?: { [name: string]: string };
  optional?: true;
}

/** One mount that the runtime accepts; `ground.ts` says how it reads each field. */
export interface Mount {
  path: string;
  fs: string[];
  kind: 'dir' | 'file' | 'null';
  ro?: true;
  empty?: true;
  below?: true;
  required?: true;
  only?: 'mountpoints';
}

/** The list that an image carries and its runtime verifies. */
export interface RootfsJson {
  v: 1;
  user: { uid: number; gid: number };
  mounts: Mount[];
  entries: Entry[];
}
