// server.mjs - a private PostgreSQL server as its package has it: it waits for
// the disk (fsync, full_page_writes, synchronous_commit), on a socket alone.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { descendants, processor, run, serve, stop } from './process.mjs';
import { directory } from './systems.mjs';

const USER = 'postgres'; // PostgreSQL does not run as root
const root = process.getuid() === 0;

const bin = () => {
  const of = '/usr/lib/postgresql';
  const newest = fs.readdirSync(of).sort((a, b) => b - a)[0];
  return path.join(of, newest, 'bin');
};

// A running one.
//   database(name)   makes a database; the URI of a store there
//   sql(name, text)  as its superuser
//   spent()          processor seconds of all sessions so far
export async function postgres(name) {
  const dir = directory(name);
  const data = path.join(dir, 'data');
  // The name of a socket has to be short.
  const socket = fs.mkdtempSync(path.join(os.tmpdir(), 'callbook-bench.'));
  const as = root ? ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--init-groups'] : [];
  if (root) {
    await run('chown', [`${USER}:`, dir, socket]);
    await run(as[0], [...as.slice(1), 'ls', dir]).catch(() => {
      throw new Error(`${USER} cannot reach ${dir}: give another BUILD`);
    });
  }
  const command = [...as, path.join(bin(), 'initdb'), '-D', data, '-U', USER,
    '-A', 'trust', '-E', 'UTF8', '--no-locale'];
  await run(command[0], command.slice(1));
  const daemon = [...as, path.join(bin(), 'postgres'), '-D', data, '-k', socket,
    '-c', 'listen_addresses='];
  const p = await serve(path.join(dir, 'log'), daemon[0], daemon.slice(1),
    path.join(socket, '.s.PGSQL.5432'));
  const sql = async (database, text) => (await run('psql', ['-X', '-q', '-A', '-t',
    '-v', 'ON_ERROR_STOP=1', '-h', socket, '-U', USER, '-d', database, '-c', text])).trim();
  await sql(USER, 'CREATE ROLE callbook LOGIN');
  return {
    sql,
    async database(store) {
      await sql(USER, `CREATE DATABASE ${store} OWNER callbook`);
      return `postgresql://callbook@/${store}?host=${socket}`;
    },
    spent: () => processor(descendants(p.pid), [p.pid]),
    async stop() {
      await stop(p, 'SIGINT'); // sessions are ended, and all is written
      fs.rmSync(socket, { recursive: true, force: true });
    },
  };
}
