/** What differs between one container and another; the rest is the same for all of them. */
export interface BundleOptions {
  /** Folder of the unpacked image, absolute. */
  rootfs: string;
  /** Folder with the generated `hosts`, `hostname` and `resolv.conf`, absolute. */
  files: string;
  /** Argument vector: the runtime and nothing else. */
  entrypoint: readonly string[];
  user: { uid: number; gid: number };
  hostname: string;
  /** Variables for the runtime; the program gets none of them. */
  environment: { readonly [name: string]: string };
  /** A cgroup of its own, at the top, so that nothing is left when it ends. */
  cgroup: string;
}

/** Memory that a container's tmpfs may take; secrets and temporary files are small. */
const sconeSize = '64m';
const tmpSize = '512m';

/**
 * The `config.json` of an OCI bundle (OCI runtime specification 1.0, config.md) as conventions.md, "By hand", has it:
 * the program's user from the start, no capability, a read-only root, memory for /run/scone and /tmp, the network of
 * the host. Mounts, masked and read-only paths are the specification's defaults, since the runtime refuses others.
 */
export function bundleConfig(options: BundleOptions): object {
  const { rootfs, files, entrypoint, user, hostname, environment, cgroup } = options;
  const owner = [`uid=${user.uid}`, `gid=${user.gid}`];
  return {
    ociVersion: '1.0.2',
    hostname,
    root: { path: rootfs, readonly: true },
    process: {
      terminal: false,
      user,
      args: entrypoint,
      env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      cwd: '/',
      capabilities: { bounding: [], effective: [], permitted: [], inheritable: [], ambient: [] },
      noNewPrivileges: true,
    },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      tmpfs('/dev', ['strictatime', 'mode=755', 'size=65536k']),
      {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
      },
      tmpfs('/dev/shm', ['nodev', 'noexec', 'mode=1777', 'size=65536k']),
      { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
      { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
      // Owned by the program's user: before 1.2, runc gives a tmpfs the mode of the folder below it, 0755.
      tmpfs('/run/scone', ['nodev', ...owner, 'mode=0700', `size=${sconeSize}`]),
      tmpfs('/tmp', ['nodev', ...owner, 'mode=1777', `size=${tmpSize}`]),
      ...['hosts', 'hostname', 'resolv.conf'].map((name) => ({
        destination: `/etc/${name}`,
        type: 'bind',
        source: `${files}/${name}`,
        options: ['bind', 'ro', 'nosuid', 'noexec', 'nodev'],
      })),
    ],
    linux: {
      cgroupsPath: `/${cgroup}`,
      resources: { devices: [{ allow: false, access: 'rwm' }] },
      // No network namespace: a service listens on, and reaches, what the machine does.
      namespaces: ['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
      maskedPaths: [
        '/proc/acpi',
        '/proc/asound',
        '/proc/kcore',
        '/proc/keys',
        '/proc/latency_stats',
        '/proc/timer_list',
        '/proc/timer_stats',
        '/proc/sched_debug',
        '/proc/scsi',
        '/sys/firmware',
      ],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    },
  };
}

function tmpfs(destination: string, options: readonly string[]): object {
  return { destination, type: 'tmpfs', source: 'tmpfs', options: ['nosuid', ...options] };
}
