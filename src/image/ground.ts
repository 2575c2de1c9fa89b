import type { Entry, Mount } from './rootfs.ts';

/**
 * Everything a container engine may lay over an image, as data: the mounts that runc, Docker, containerd, podman 4
 * and 5 and the kubelet make by default, and no other (conventions.md, Accepted mounts; security-review.md C5). The
 * lists become part of `rootfs.json`, so the rootfs digest covers them; the runtime interprets them and refuses every
 * mount that is on none.
 *
 * How the runtime reads a `Mount`: `fs` is the file system type that /proc/self/mountinfo shows; `kind` what lies at
 * the mount point (`null`: the character device 1:3, a masked file); `ro` read-only; `empty` nothing in it; `required`
 * refused when absent; `below` mounts further down are judged by this line too; `only: 'mountpoints'` it may hold
 * nothing but entries of the list. `*` inside `path` stands for one decimal number. Several lines with one path are
 * alternatives. What lies below /proc and is of type proc must be that same place of /proc.
 */
export function groundMounts(): Mount[] {
  return [
    { path: '/', fs: ['*'], kind: 'dir', required: true },
    { path: '/proc', fs: ['proc'], kind: 'dir', required: true },
    { path: '/sys', fs: ['sysfs'], kind: 'dir', ro: true },
    { path: '/sys/fs/cgroup', fs: ['cgroup2', 'cgroup', 'tmpfs'], kind: 'dir', below: true },
    ...devices(),
    ...maskedPaths(),
    ...readOnlyPaths(),
    { path: '/etc/hostname', fs: ['*'], kind: 'file' },
    { path: '/etc/hosts', fs: ['*'], kind: 'file' },
    { path: '/etc/resolv.conf', fs: ['*'], kind: 'file' },
    { path: '/tmp', fs: ['tmpfs'], kind: 'dir', empty: true },
    { path: '/var/tmp', fs: ['tmpfs'], kind: 'dir', empty: true },
    { path: '/run', fs: ['tmpfs'], kind: 'dir', only: 'mountpoints' },
    { path: '/run/.containerenv', fs: ['*'], kind: 'file', empty: true },
    { path: '/run/scone', fs: ['tmpfs'], kind: 'dir', empty: true, required: true },
    { path: '/run/scone-init', fs: ['*'], kind: 'dir', ro: true },
  ];
}

/** /dev and what engines mount in it. Rootless engines bind the six standard devices; the runtime checks their numbers. */
function devices(): Mount[] {
  return [
    { path: '/dev', fs: ['tmpfs'], kind: 'dir' },
    { path: '/dev/console', fs: ['devpts', 'devtmpfs'], kind: 'file' },
    { path: '/dev/mqueue', fs: ['mqueue'], kind: 'dir' },
    { path: '/dev/pts', fs: ['devpts'], kind: 'dir' },
    { path: '/dev/shm', fs: ['tmpfs'], kind: 'dir' },
    { path: '/dev/termination-log', fs: ['*'], kind: 'file' },
    { path: '/dev/null', fs: ['devtmpfs', 'tmpfs'], kind: 'null' },
    ...['full', 'random', 'tty', 'urandom', 'zero'].map(
      (name): Mount => ({ path: `/dev/${name}`, fs: ['devtmpfs', 'tmpfs'], kind: 'file' }),
    ),
  ];
}

/** The default masked paths: a directory gets an empty read-only tmpfs, a file the null device. */
function maskedPaths(): Mount[] {
  const folders = [
    '/proc/acpi',
    '/proc/asound',
    '/proc/scsi',
    '/sys/dev/block',
    '/sys/devices/system/cpu/cpu*/thermal_throttle',
    '/sys/devices/virtual/powercap',
    '/sys/firmware',
    '/sys/fs/selinux',
  ];
  const files = [
    '/proc/interrupts',
    '/proc/kcore',
    '/proc/keys',
    '/proc/latency_stats',
    '/proc/sched_debug',
    '/proc/timer_list',
    '/proc/timer_stats',
  ];
  return [
    ...folders.map((path): Mount => ({ path, fs: ['tmpfs'], kind: 'dir', ro: true, empty: true })),
    ...files.map((path): Mount => ({ path, fs: ['devtmpfs', 'tmpfs'], kind: 'null' })),
  ];
}

/** The default read-only paths: /proc bound over itself. */
function readOnlyPaths(): Mount[] {
  const folders = ['/proc/asound', '/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys'];
  return [
    ...folders.map((path): Mount => ({ path, fs: ['proc'], kind: 'dir', ro: true })),
    { path: '/proc/sysrq-trigger', fs: ['proc'], kind: 'file', ro: true },
  ];
}

/** SHA-256 of nothing. */
const emptyDigest = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/**
 * The mount points an image pre-creates, and the extras that engines leave in a root file system. An image makes every
 * one that is not optional: with `size: 0` an empty file, without an empty directory. The optional ones are only
 * listed; an image that holds such a path itself lists its own entry instead. Sorted by path.
 */
export function groundEntries(): Entry[] {
  const owner = { uid: 0, gid: 0 } as const;
  const folder = (path: string): Entry => ({ path, type: 'mountpoint', mode: '0755', ...owner });
  const file = (path: string): Entry => ({ path, type: 'mountpoint', mode: '0644', ...owner, size: 0 });
  return [
    { path: '/.dockerenv', type: 'file', mode: '0755', ...owner, size: 0, sha256: emptyDigest, optional: true },
    folder('/dev'),
    file('/etc/hostname'),
    file('/etc/hosts'),
    { path: '/etc/mtab', type: 'symlink', mode: '0777', ...owner, target: '/proc/mounts', optional: true },
    file('/etc/resolv.conf'),
    folder('/proc'),
    { ...file('/run/.containerenv'), optional: true },
    folder('/run/scone'),
    folder('/run/scone-init'),
    folder('/sys'),
    folder('/tmp'),
    folder('/var/tmp'),
  ];
}
