// Completes an OCI bundle of a sconectl image for a start by hand with runc.
//   node bundle.mjs BUNDLE INITDATA        INITDATA.toml and INITDATA.configid are files below target/initdata
// What it sets is what conventions of engines leave open: memory for /run/scone and /tmp, the two variables, and that
// nothing of the image can be written.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const [bundle, initdata] = process.argv.slice(2);
const path = `${bundle}/config.json`;
const user = { uid: 65532, gid: 65532 };
const memory = (destination) => ({
  destination,
  type: 'tmpfs',
  source: 'tmpfs',
  options: ['nosuid', 'nodev', 'mode=1777', `uid=${user.uid}`, `gid=${user.gid}`],
});
const file = (destination) => ({ destination, type: 'bind', source: destination, options: ['bind', 'ro'] });

mkdirSync(bundle, { recursive: true });
const config = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { ociVersion: '1.0.2', process: {} };
config.root = { path: 'rootfs', readonly: true };
config.process = {
  ...config.process,
  terminal: false,
  user,
  args: ['/opt/scone/runtime'],
  cwd: '/',
  env: [
    `SCONE_INITDATA=${readFileSync(`${initdata}.toml`).toString('base64')}`,
    `SCONE_SIM_PLATFORM=${readFileSync(`${initdata}.configid`, 'utf8').trim()}`,
  ],
  capabilities: {},
  noNewPrivileges: true,
};
config.mounts = [
  { destination: '/proc', type: 'proc', source: 'proc' },
  { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=65536k'] },
  { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
  memory('/run/scone'),
  memory('/tmp'),
  file('/etc/hosts'),
  file('/etc/resolv.conf'),
];
// The network stays the host's, so that a CAS on this machine is reached.
config.linux = { namespaces: ['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })) };
writeFileSync(path, `${JSON.stringify(config, null, 2)}\n`);
