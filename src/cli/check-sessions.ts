import { SconeError } from '../core/errors.ts';
import type { CompleteSession, Other } from '../session/complete.ts';
import { resolveSession } from '../session/share.ts';
import type { CheckedFile, Finding } from './check-file.ts';

/**
 * What is wrong between sessions that are checked together: an import of a secret or volume that its owner does not
 * have, or does not export. A session that is not among them is not judged.
 */
export function checkSessions(files: readonly CheckedFile[]): Finding[] {
  const sessions = new Map<string, CompleteSession>();
  for (const file of files) {
    if (file.kind === 'session' && file.session !== undefined) sessions.set(file.session.name, file.session);
  }
  return files.flatMap((file) => {
    if (file.kind !== 'session' || file.session === undefined) return [];
    const { session } = file;
    const problems: SconeError[] = [];
    const demand = (
      kind: 'secret' | 'volume',
      index: number,
      from: Pick<Other, 'session' | 'cas_url'>,
      name: string,
    ) => {
      const owner = from.cas_url === undefined ? sessions.get(resolveSession(session.name, from.session)) : undefined;
      if (owner === undefined) return;
      const thing = kind === 'secret' ? secretOf(owner, name, session) : volumeOf(owner, name, session);
      if (thing === 'shared') return;
      problems.push(
        new SconeError('E_SESSION', `the ${kind} ${name} is imported from ${owner.name}, which ${thing}`, {
          at: file.at?.([`${kind}s`, index, 'import']) ?? { file: file.file },
          hint: `define it there with export: [{session: ${session.name}}]`,
        }),
      );
    };
    session.secrets.forEach(({ import: from }, index) => {
      if (from !== undefined) demand('secret', index, from, from.secret);
    });
    session.volumes?.forEach(({ import: from }, index) => {
      if (from !== undefined) demand('volume', index, from, from.volume);
    });
    return problems.map((error): Finding => ({ level: 'error', error }));
  });
}

type Verdict = 'shared' | 'does not define it' | 'does not export it to this session';

function secretOf(owner: CompleteSession, name: string, to: CompleteSession): Verdict {
  const secret = owner.secrets.find((one) => one.name === name);
  if (secret === undefined) return 'does not define it';
  const exported = (secret.export ?? []).some((target) => {
    if ('namespace' in target) {
      const namespace = resolveSession(owner.name, target.namespace);
      return to.name === namespace || to.name.startsWith(`${namespace}/`);
    }
    return target.cas_url === undefined && resolveSession(owner.name, target.session) === to.name;
  });
  return exported || secret.export_public === true ? 'shared' : 'does not export it to this session';
}

function volumeOf(owner: CompleteSession, name: string, to: CompleteSession): Verdict {
  let known = false;
  for (const volume of owner.volumes ?? []) {
    known ||= volume.name === name;
    for (const target of volume.export ?? []) {
      const { session } = 'to' in target ? target.to : target;
      const alias = 'to' in target ? target.volume_alias : undefined;
      if ((alias ?? volume.name) === name && resolveSession(owner.name, session) === to.name) return 'shared';
    }
  }
  return known ? 'does not export it to this session' : 'does not define it';
}
