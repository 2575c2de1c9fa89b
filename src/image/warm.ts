import type { Clock } from '../core/clock.ts';
import { findBase, hostArchitecture, makeBase } from './base.ts';
import { makeRuntime } from './runtime.ts';

export interface WarmOptions {
  /** The cache folder: `$SCONECTL_HOME/cache`. */
  cache: string;
  /** Folder of the runtime's Go module; without it only the base is made. */
  runtime?: string;
  clock: Clock;
  progress: (text: string) => void;
}

/**
 * Fills a cache folder with everything a first build would have to download or compile, so that later ones need
 * neither network nor patience. Does nothing where the cache has it.
 */
export async function warmBase(options: WarmOptions): Promise<void> {
  const { cache, progress, runtime } = options;
  await makeBase(await findBase('debian:bookworm', '.', undefined, options), options);
  if (runtime === undefined) return;
  await makeRuntime({ source: runtime, cache, flavour: 'sim', architecture: hostArchitecture(), progress });
}
