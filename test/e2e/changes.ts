import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bundle, BundleConfig } from './by-hand.ts';

/** Changes to the files of a bundle, each of which is undone by name. */
export class Changes {
  private readonly undo: (() => void)[] = [];
  private readonly bundle: Bundle;
  private readonly python: string;

  constructor(bundle: Bundle, python: string) {
    this.bundle = bundle;
    this.python = python;
  }

  /** A path of the image on this machine, as bytes: one character for each. */
  at(path: string): Buffer {
    return Buffer.from(join(this.bundle.rootfs, path), 'latin1');
  }

  /** Adds something that was not there. */
  add(path: string, make: (at: Buffer) => void): void {
    make(this.at(path));
    this.undo.push(() => rmSync(this.at(path), { recursive: true }));
  }

  /** Takes a file or folder away; the very same comes back. */
  remove(path: string): void {
    const held = join(this.bundle.folder, `held-${this.undo.length}`);
    renameSync(this.at(path), held);
    this.undo.push(() => renameSync(held, this.at(path)));
  }

  replace(path: string, make: (at: Buffer, original: string) => void): void {
    this.remove(path);
    this.add(path, (at) => make(at, join(this.bundle.folder, `held-${this.undo.length - 1}`)));
  }

  /** A copy with the same metadata takes the place of a file and is changed. */
  edit(path: string, change: (at: Buffer) => void): void {
    this.replace(path, (at, original) => {
      execFileSync('cp', ['-a', original, at.toString()]);
      change(at);
    });
  }

  mode(path: string, mode: number, before: number): void {
    chmodSync(this.at(path), mode);
    this.undo.push(() => chmodSync(this.at(path), before));
  }

  owner(path: string, uid: number, gid: number): void {
    chownSync(this.at(path), uid, gid);
    this.undo.push(() => chownSync(this.at(path), 0, 0));
  }

  attribute(path: string, name: string, value: string): void {
    const call = (code: string) =>
      execFileSync(this.python, ['-c', `import os, sys; ${code}`, this.at(path).toString(), name, value]);
    call('os.setxattr(sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3]))');
    this.undo.push(() => call('os.removexattr(sys.argv[1], sys.argv[2])'));
  }

  config(change: (config: BundleConfig) => void): void {
    const file = join(this.bundle.folder, 'config.json');
    const before = readFileSync(file);
    this.bundle.edit(change);
    this.undo.push(() => writeFileSync(file, before));
  }

  takeBack(): void {
    for (const undo of this.undo.splice(0).reverse()) undo();
  }
}
