// process.mjs - processes that end when the bench ends, and what they cost.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const PATIENCE = 20000; // ms for a server to come or to go; Apache takes ten
const ticks = Number(execFileSync('getconf', ['CLK_TCK']));
const running = new Set();
let ending = false;

// Start a program that ends by itself or is stopped.
export function start(command, args, options) {
  if (ending) throw new Error('interrupted');
  // A session of its own: Ctrl-C is for the bench, which stops its servers.
  const p = spawn(command, args, { ...options, detached: true });
  p.gone = new Promise((resolve) => {
    p.on('error', (error) => { p.failure = error; resolve(); });
    p.on('exit', resolve);
  });
  running.add(p);
  p.gone.then(() => running.delete(p));
  return p;
}

// Run a program to its end; what it writes to standard output.
export async function run(command, args, { input, env, stdout } = {}) {
  const p = start(command, args, {
    stdio: ['pipe', stdout ?? 'pipe', 'pipe'], env: env ?? process.env,
  });
  const text = [];
  const said = [];
  p.stdout?.on('data', (d) => text.push(d));
  p.stderr?.on('data', (d) => said.push(d));
  p.stdin?.on('error', () => {}); // it need not read
  p.stdin?.end(input);
  await new Promise((resolve) => { p.on('close', resolve); p.on('error', resolve); });
  if (p.failure) throw p.failure;
  if (p.exitCode !== 0)
    throw new Error(`${command}: ${Buffer.concat(said).toString().trim() ||
      `status ${p.exitCode ?? p.signalCode}`}`);
  return Buffer.concat(text).toString();
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const s = net.createServer();
    s.on('error', reject);
    s.listen(0, '127.0.0.1', () => {
      const { port } = s.address();
      s.close(() => resolve(port));
    });
  });
}

// Does something listen there, a port or the path of a socket?
const answers = (where) => new Promise((resolve) => {
  const c = net.connect(
    typeof where === 'number' ? { port: where, host: '127.0.0.1' } : { path: where },
    () => { c.destroy(); resolve(true); });
  c.on('error', () => resolve(false));
});

// Start a server that stays in the foreground; it is up when it listens.
export async function serve(log, command, args, where, env = {}) {
  const fd = fs.openSync(log, 'a');
  const p = start(command, args, {
    stdio: ['ignore', fd, fd], env: { ...process.env, ...env },
  });
  fs.closeSync(fd);
  for (const until = Date.now() + PATIENCE; !(await answers(where)); await pause(20))
    if (p.failure || p.exitCode !== null || p.signalCode !== null || Date.now() > until)
      throw p.failure ?? new Error(`${command} does not run: ${fs.readFileSync(log, 'utf8').slice(-500)}`);
  return p;
}

// All processes below one, by the kernel's account of who started whom.
export function descendants(pid) {
  const found = [];
  for (const task of list(`/proc/${pid}/task`))
    for (const child of (read(`/proc/${pid}/task/${task}/children`) ?? '').split(' ').filter(Boolean))
      found.push(Number(child), ...descendants(Number(child)));
  return found;
}

const list = (dir) => { try { return fs.readdirSync(dir); } catch { return []; } };
const read = (file) => { try { return fs.readFileSync(file, 'utf8'); } catch { return null; } };

export const nameOf = (pid) => (read(`/proc/${pid}/comm`) ?? '').trim();

// One that has ended and that nobody has waited for does not live.
const alive = (pid) => /\) [^ZX] /.test(read(`/proc/${pid}/stat`) ?? '');

// All that live in the session of one, which is its own.
const session = (pid) => list('/proc').filter((name) => /^\d+$/.test(name)
  && read(`/proc/${name}/stat`)?.replace(/.*\) /s, '').split(' ')[3] === String(pid)).map(Number);

// Stop a server and wait until all that it started is gone as well.
export async function stop(p, signal = 'SIGTERM') {
  const all = new Set([p.pid, ...descendants(p.pid)]);
  const end = (how) => {
    for (const pid of all) try { process.kill(pid, how); } catch { /* gone */ }
  };
  p.kill(signal);
  p.gone.then(() => end('SIGTERM')); // what was just being started
  for (const until = Date.now() + PATIENCE; ; await pause(20)) {
    for (const pid of session(p.pid)) all.add(pid);
    if (![...all].some(alive)) break;
    if (Date.now() > until) end('SIGKILL');
  }
  await p.gone;
}

// End everything that still runs; nothing can be started any more.
export async function stopAll() {
  ending = true;
  await Promise.all([...running].filter((p) => p.pid).map((p) => stop(p)));
}

// Processor seconds so far: of these processes, and of the children that
// those processes have waited for.
export function processor(own, waiters = []) {
  let sum = 0;
  const fields = (pid) => (read(`/proc/${pid}/stat`) ?? '').replace(/.*\) /s, '').split(' ').map(Number);
  for (const pid of own) { const f = fields(pid); sum += (f[11] + f[12] || 0) / ticks; }
  for (const pid of waiters) { const f = fields(pid); sum += (f[13] + f[14] || 0) / ticks; }
  return sum;
}

// Memory of processes in MB; what they share is counted once.
export function memory(pids) {
  let kb = 0;
  for (const pid of pids)
    kb += Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '')?.[1] ?? 0);
  return kb / 1024;
}
