// In place of `timeout` in tests of the documentation: sends the signal as soon as the program has said hello, so that
// a slow machine gets the time it needs and a quick one does not wait.
import { spawn } from 'node:child_process';

const signalAt = process.argv.indexOf('--signal');
const signal = `SIG${process.argv[signalAt + 1]}`;
const [command, ...args] = process.argv.slice(signalAt + 3);
const child = spawn(command, args, { stdio: ['inherit', 'pipe', 'inherit'] });
const late = setTimeout(() => child.kill('SIGKILL'), 120_000);
child.stdout.on('data', (chunk) => {
  process.stdout.write(chunk);
  if (String(chunk).includes('Hello, ')) setTimeout(() => child.kill(signal), 200);
});
child.on('close', (code) => {
  clearTimeout(late);
  process.exitCode = code ?? 1;
});
