import { parseAddress } from '../client/address.ts';
import { Cas } from '../client/cas.ts';
import { loadIdentity } from '../client/identity.ts';
import { attestPolicy, sayWhatItIs } from './cas-connection.ts';
import { memories } from './cas-memories.ts';
import type { Run } from './context.ts';

/** `sconectl cas attest`: the first look at a CAS; its key, ledger and head are remembered from then on. */
export const run: Run = async (context, { arguments: [host = ''], options }) => {
  const address = parseAddress(host);
  const key = options['casKey'];
  context.reporter.progress(`Attesting the CAS at ${host}`);
  const cas = await Cas.open({
    address,
    identity: await loadIdentity(context.home, context.now),
    memories: await memories(context, context.folder),
    ...(typeof key === 'string' ? { key } : {}),
    policy: await attestPolicy({
      configurationNeeded: options['acceptConfigurationNeeded'] === true,
      groupOutOfDate: options['acceptGroupOutOfDate'] === true,
      swHardeningNeeded: options['acceptSwHardeningNeeded'] === true,
      debug: options['only_for_testingDebug'] === true,
      ignoreSigner: options['only_for_testingIgnoreSigner'] === true,
      trustAny: options['only_for_testingTrustAny'] === true,
    }),
    now: context.now,
  });
  try {
    sayWhatItIs(context, cas);
    const { head } = await cas.remember();
    const { attested } = cas;
    const result = {
      cas: cas.address,
      key: cas.key,
      mode: cas.mode,
      ledger: cas.ledger,
      records: head.size,
      tee: attested?.tee,
      measurement: attested?.measurement,
      init_data: attested?.initData,
      tcb: attested?.tcb,
      service_port: attested?.servicePort,
      confidential: attested?.confidential,
    };
    const verdict = attested?.confidential === true ? 'is trustworthy' : 'is accepted for testing only';
    return {
      result,
      text: [
        `CAS ${address.host} at https://${cas.address}/ ${verdict}`,
        `key          ${result.key}`,
        `tee          ${result.tee} (${result.tcb?.status})`,
        `measurement  ${result.measurement}`,
        `init data    ${result.init_data}`,
        `ledger       ${result.ledger}, ${result.records} records`,
      ].join('\n'),
    };
  } finally {
    await cas.close();
  }
};
