import { homedir } from 'node:os';
import { join } from 'node:path';

/** The folder of this project. */
export const root = new URL('..', import.meta.url).pathname.replace(/\/$/, '');

/**
 * The caller's environment, changed so that what the tools of development keep for themselves (Go's module and build
 * caches, its telemetry, biome's log) lies below `target/` and not in the home folder.
 */
export function toolEnvironment(from: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const own = join(root, 'target', 'go');
  return {
    ...from,
    GOPATH: own,
    GOMODCACHE: join(own, 'mod'),
    GOCACHE: join(own, 'build'),
    // The module cache is read-only by default, which makes `rm -rf target` fail.
    GOFLAGS: [from['GOFLAGS'], '-modcacherw'].filter(Boolean).join(' '),
    GOTOOLCHAIN: 'local',
    // `go env -w` of the user (a proxy, say) stays in force although the folder of Go's telemetry moves.
    GOENV: from['GOENV'] ?? join(from['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'go', 'env'),
    XDG_CONFIG_HOME: join(root, 'target', 'config'),
    XDG_CACHE_HOME: join(root, 'target', 'cache'),
    XDG_DATA_HOME: join(root, 'target', 'data'),
  };
}
