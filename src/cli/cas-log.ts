import type { LogEntry } from '../api/answers.ts';
import { finishing, pinnedCas } from './cas-connection.ts';
import type { Run } from './context.ts';

/** `sconectl cas log`: changes, releases and reveals of one session, as the ledger has them. */
export const run: Run = async (context, { arguments: [session = ''], options }) => {
  const cas = await pinnedCas(context, options['cas']);
  return finishing(cas, async () => {
    const entries: LogEntry[] = [];
    for await (const entry of cas.log(session)) entries.push(entry);
    return { result: { session, entries }, text: entries.map(line).join('\n') };
  });
};

function line(entry: LogEntry): string {
  const head = `${entry.index}  ${entry.time}`;
  switch (entry.event) {
    case 'session':
      return `${head}  ${entry.predecessor === undefined ? 'created' : 'updated'} by ${entry.by}: ${entry.hash}`;
    case 'release':
      return `${head}  released to ${entry.config_id} (${entry.verdict.tee}, ${entry.verdict.tcb}, measurement ${entry.verdict.measurement})`;
    default:
      return `${head}  explicit values shown to ${entry.by}`;
  }
}
