import { readFile } from 'node:fs/promises';

/** What a container finds in /etc/hosts and /etc/resolv.conf. */
export interface NameFiles {
  hosts: string;
  resolvConf: string;
}

const localhost = '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n';

/**
 * The container shares the network of this machine, so it gets the machine's names, too: copies, of which `localhost`
 * always means this machine. They are the host's word, as in every container (architecture, decision 5).
 */
export async function machineNames(): Promise<NameFiles> {
  const text = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
  const others = (await text('/etc/hosts')).split('\n').filter((line) => !/\slocalhost(?:\s|$)/.test(line));
  return { hosts: `${localhost}${others.join('\n').trim()}\n`, resolvConf: await text('/etc/resolv.conf') };
}
