import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

/** A process that keeps a container. */
export type Keeper = ChildProcessByStdio<Writable, Readable, Readable>;

/** Seconds between SIGTERM and SIGKILL where nobody is left who could say. */
const grace = 2;
/** Tenths of a second that the tool has for making a container. Killed before, it would leave its cgroups behind. */
const maxTries = 50;

/**
 * What an OCI runtime starts outlives whoever called it, also the runtime itself. So a shell stands between: it ends
 * when the container does, with its code, and a part of it waits for the end of its standard input, which only we hold.
 * However we end, even by SIGKILL, that part then ends the container and removes its folder. Once it has begun it is
 * not stopped by the end of the container, which the rest of the shell sees.
 */
const script = `
tool=$1 state=$2 id=$3 folder=$4
shift 4
exec 3<&0 </dev/null
"$tool" --root "$state" "$@" 3<&- &
container=$!
{
  read -r _ <&3
  trap '' TERM
  tries=0
  until "$tool" --root "$state" kill "$id" TERM; do
    kill -0 $$ || break
    tries=$((tries + 1))
    [ "$tries" -lt ${maxTries} ] || kill -KILL "$container"
    sleep 0.1
  done
  [ "$tries" -ge ${maxTries} ] || sleep ${grace}
  "$tool" --root "$state" delete --force "$id"
  rm -rf -- "$folder"
} >/dev/null 2>&1 &
waiting=$!
exec 3<&-
wait "$container"
code=$?
kill -TERM "$waiting" 2>/dev/null
exit "$code"
`;

/**
 * Runs an OCI runtime in the foreground of a shell that ends the container when this process is no more. Its exit code
 * is the runtime's. Ending its standard input has the same effect.
 *
 * @param args of the runtime, behind `--root`
 */
export function keep(tool: string, state: string, id: string, folder: string, args: readonly string[]): Keeper {
  return spawn('/bin/sh', ['-c', script, 'sconectl-keeper', tool, state, id, folder, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // A session of its own: Ctrl-C reaches us only, and we stop the program in order.
    detached: true,
  });
}
