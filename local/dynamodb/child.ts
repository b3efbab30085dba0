import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Runs the engine so that it can't outlive this process, not even if that is killed: the watcher reads from a pipe of
 * ours, which the system closes when we end, however we end. It holds no other resource, and ends with the engine.
 */
const wrapper = `
umask 077
exec 3<&0
"$@" </dev/null 3<&- &
engine=$!
echo "$engine" >"$PID_FILE"
( while read -r _; do :; done; kill -KILL "$engine" ) <&3 >/dev/null 2>&1 &
watcher=$!
exec 3<&-
trap 'kill -TERM "$engine" 2>/dev/null' TERM INT
wait "$engine"
code=$?
while kill -0 "$engine" 2>/dev/null; do wait "$engine"; code=$?; done
kill -KILL "$watcher" 2>/dev/null
rm -f "$PID_FILE"
exit "$code"
`;

/**
 * Starts the engine on a port, with its database in a file. In a process group of its own: Ctrl-C in a terminal reaches
 * the whole group of the terminal's job, and the engine would end while requests still need it.
 */
export function spawnEngine(engine: { binary: string; port: number; database: string; pidFile: string }): ChildProcess {
  const { binary, port, database, pidFile } = engine;
  const engineArguments = ['serve', '--host', '127.0.0.1', '--port', String(port), '--db-path', database];
  return spawn('/bin/sh', ['-c', wrapper, 'sh', binary, ...engineArguments], {
    env: { PATH: process.env.PATH, PID_FILE: pidFile },
    stdio: ['pipe', 'ignore', 'pipe'],
    detached: true,
  });
}
