/** One mount of an OCI runtime configuration. */
export interface OciMount {
  destination: string;
  type: string;
  source: string;
  options: string[];
}

/** What a container engine makes of an image when it starts a container, as documented or seen in its configuration. */
export interface Engine {
  name: string;
  mounts: OciMount[];
  maskedPaths: string[];
  readonlyPaths: string[];
  /** Extras in the root file system itself, by path: an empty file, or the target of a symlink. */
  extras: { path: string; mode?: number; target?: string }[];
  rootMode?: number;
  readonlyRoot?: boolean;
}

/** Folder with the files of the machine that engines bind: hosts, hostname, resolv.conf, termination-log, empty. */
export type HostFolder = string;

const tmpfs = (destination: string, options: string[]): OciMount => ({
  destination,
  type: 'tmpfs',
  source: 'tmpfs',
  options,
});

/** A file or folder of the machine. */
export const bind = (destination: string, source: string, ...options: string[]): OciMount => ({
  destination,
  type: 'bind',
  source,
  options: ['rbind', 'rprivate', ...options],
});

/** A tmpfs that no engine would make. */
export const memory = (destination: string, ...options: string[]): OciMount => tmpfs(destination, options);

/** The engine with other mounts, or none, in place of one of its own. */
export function instead(engine: Engine, destination: string, ...mounts: OciMount[]): Engine {
  return {
    ...engine,
    mounts: engine.mounts.flatMap((mount) => (mount.destination === destination ? mounts : [mount])),
  };
}

/** The tmpfs that every start of an image needs (conventions.md, By hand). */
const sconeTmpfs = tmpfs('/run/scone', ['nosuid', 'nodev', 'mode=1777', 'size=16m']);
/**
 * The same for a bundle by hand. runc before 1.2 gives a tmpfs the mode of the folder below it whatever `mode=` says, so
 * the owner has to be the one who may write.
 */
const ownTmpfs = tmpfs('/run/scone', ['nosuid', 'nodev', 'uid=65532', 'gid=65532', 'mode=700']);

const proc: OciMount = { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] };
const sys: OciMount = {
  destination: '/sys',
  type: 'sysfs',
  source: 'sysfs',
  options: ['nosuid', 'noexec', 'nodev', 'ro'],
};
const cgroup: OciMount = {
  destination: '/sys/fs/cgroup',
  type: 'cgroup',
  source: 'cgroup',
  options: ['nosuid', 'noexec', 'nodev', 'relatime', 'ro'],
};
const dev = tmpfs('/dev', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']);
const pts: OciMount = {
  destination: '/dev/pts',
  type: 'devpts',
  source: 'devpts',
  options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
};
const mqueue: OciMount = {
  destination: '/dev/mqueue',
  type: 'mqueue',
  source: 'mqueue',
  options: ['nosuid', 'noexec', 'nodev'],
};
const shm: OciMount = {
  destination: '/dev/shm',
  type: 'tmpfs',
  source: 'shm',
  options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'],
};

/** Masked and read-only by every engine (the defaults of the OCI specification's examples). */
const masked = [
  '/proc/acpi',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/firmware',
];
const readonly = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

const dockerMasked = [
  ...masked,
  '/proc/asound',
  '/proc/interrupts',
  '/sys/devices/system/cpu/cpu0/thermal_throttle',
  '/sys/devices/virtual/powercap',
];
const podmanMasked = [...masked, '/sys/dev/block', '/sys/devices/virtual/powercap', '/sys/fs/selinux'];
const podmanReadonly = ['/proc/asound', ...readonly];

const network = (host: HostFolder, ...options: string[]) => [
  bind('/etc/resolv.conf', `${host}/resolv.conf`, ...options),
  bind('/etc/hosts', `${host}/hosts`, ...options),
  bind('/etc/hostname', `${host}/hostname`, ...options),
];

/** `runc spec`, the configuration of a bundle started by hand. */
export function runcByHand(): Engine {
  return {
    name: 'runc by hand',
    mounts: [proc, dev, pts, shm, mqueue, sys, cgroup, ownTmpfs],
    maskedPaths: [...masked, '/proc/asound'],
    readonlyPaths: readonly,
    extras: [],
    readonlyRoot: true,
  };
}

/**
 * podman 4 and 5 as root: the root folder becomes 0555, /etc/mtab is made, hosts, hostname, resolv.conf and an empty
 * /run/.containerenv are bound, /dev/shm is a bind of the engine's tmpfs. `--read-only` adds tmpfs over /run, /tmp,
 * /var/tmp, each with a copy of what the image has there. Version 4 as `podman init` wrote it into config.json.
 */
export function podman(host: HostFolder, version: 4 | 5, readOnly: boolean): Engine {
  const copied = ['rw', 'rprivate', 'nosuid', 'nodev', 'tmpcopyup'];
  const bound = [...(readOnly ? ['ro'] : []), 'nosuid', 'noexec', 'nodev'];
  return {
    name: `podman ${version}${readOnly ? ' --read-only' : ''}`,
    mounts: [
      proc,
      dev,
      sys,
      pts,
      mqueue,
      ...(readOnly ? [tmpfs('/run', copied), tmpfs('/tmp', copied), tmpfs('/var/tmp', copied)] : []),
      tmpfs('/run/scone', copied),
      ...network(host, ...bound),
      ...(version === 4 && readOnly ? [] : [bind('/run/.containerenv', `${host}/empty`, ...bound)]),
      bind('/dev/shm', `${host}/shm`, 'nosuid', 'noexec', 'nodev'),
      { ...cgroup, options: ['rprivate', ...cgroup.options] },
    ],
    maskedPaths: [
      ...podmanMasked,
      ...(version === 5 ? ['/proc/interrupts', '/sys/devices/system/cpu/cpu0/thermal_throttle'] : []),
    ],
    readonlyPaths: podmanReadonly,
    extras: [{ path: '/etc/mtab', target: '/proc/mounts' }],
    rootMode: 0o555,
    readonlyRoot: readOnly,
  };
}

/** The same without root: devices cannot be made, so those of the machine are bound. */
export function rootlessPodman(host: HostFolder): Engine {
  const engine = podman(host, 5, false);
  const devices = ['full', 'null', 'random', 'tty', 'urandom', 'zero'].map((name) =>
    bind(`/dev/${name}`, `/dev/${name}`, 'nosuid', 'noexec'),
  );
  return { ...engine, name: 'podman 5 without root', mounts: [...engine.mounts, ...devices] };
}

/** Docker with containerd: its layer of mount points leaves /.dockerenv and /etc/mtab. */
export function docker(host: HostFolder, readOnly: boolean): Engine {
  return {
    name: `Docker${readOnly ? ' --read-only' : ''}`,
    mounts: [proc, dev, pts, sys, cgroup, mqueue, shm, ...network(host), sconeTmpfs],
    maskedPaths: dockerMasked,
    readonlyPaths: readonly,
    extras: [
      { path: '/.dockerenv', mode: 0o755 },
      { path: '/etc/mtab', target: '/proc/mounts' },
    ],
    readonlyRoot: readOnly,
  };
}

/** containerd's CRI plug-in under the kubelet, with the pod that our chart writes: memory for /run/scone and /tmp. */
export function kubelet(host: HostFolder): Engine {
  return {
    name: 'kubelet with containerd',
    mounts: [
      proc,
      dev,
      pts,
      mqueue,
      sys,
      cgroup,
      bind('/run/scone', `${host}/memory/scone`, 'rw'),
      bind('/tmp', `${host}/memory/tmp`, 'rw'),
      bind('/etc/hosts', `${host}/hosts`, 'rw'),
      bind('/dev/termination-log', `${host}/termination-log`, 'rw'),
      bind('/etc/hostname', `${host}/hostname`, 'ro'),
      bind('/etc/resolv.conf', `${host}/resolv.conf`, 'ro'),
      bind('/dev/shm', `${host}/shm`, 'rw'),
    ],
    maskedPaths: dockerMasked,
    readonlyPaths: readonly,
    extras: [],
    readonlyRoot: true,
  };
}
