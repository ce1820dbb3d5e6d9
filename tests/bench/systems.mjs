// systems.mjs - what is compared: how each is started, and what it has kept.
//
// systems.NAME.start(options) gives a running system:
//   port, path     where deliveries go
//   own()          the processes that receive; waiters() those that start one
//                  for each delivery, and have its processor time
//   split()        processor seconds so far, by name, of a store on a server
//   count()        events in its store, or null if it has none
//   stop()
// Options: wrap, a command before that of the receiver; fill(conf), called
// with Callbook's configuration before it starts.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { descendants, freePort, nameOf, processor, run, serve, stop } from './process.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
export const secret = 'bench-secret';
export const template = path.join(here, 'event.json');
const build = path.resolve(process.argv[2]);
export const out = path.join(build, 'bench');
export const work = path.join(out, 'work');
export const program = (name) => path.join(build, 'plain', name);
const root = process.getuid() === 0;
const APACHE_USER = 'www-data'; // Apache refuses to serve as root

export const sql = async (store, statement) =>
  (await run('sqlite3', ['-cmd', '.timeout 10000', store, statement])).trim();

const counter = (store) => async () => Number(await sql(store, 'SELECT count(*) FROM event'));

// A directory of its own, empty, for one start of one system.
export function directory(name) {
  const dir = path.join(work, name.replace(/\W+/g, '-'));
  fs.rmSync(dir, { recursive: true, force: true });
  fs.mkdirSync(path.join(dir, 'www'), { recursive: true });
  return dir;
}

export function configuration(dir, more = '', store = 'callbook.db') {
  const file = path.join(dir, 'callbook.conf');
  fs.writeFileSync(path.join(dir, 'secret'), `${secret}\n`, { mode: 0o600 });
  fs.writeFileSync(file, `[callbook]
store = ${store}
${more}
[report]
access = public
[source sales]
provider = formantai
secret_file = secret
`);
  return file;
}

const lighttpd = (dir, port, lines) => {
  const file = path.join(dir, 'lighttpd.conf');
  fs.writeFileSync(file, `server.modules = ("mod_setenv", "mod_alias", "mod_fastcgi", "mod_cgi")
server.document-root = "${dir}/www"
server.bind = "127.0.0.1"
server.port = ${port}
server.errorlog = "${dir}/error.log"
server.upload-dirs = ("${dir}")
server.max-keep-alive-requests = 100000000
server.max-connections = 2048
server.max-fds = 4096
${lines}
`);
  return serve(path.join(dir, 'log'), 'lighttpd', ['-D', '-f', file], port);
};

// --- Callbook and the no-op behind lighttpd ---------------------------------

// on: a store on a server, { uri, count() }, and how many processes receive.
const behindLighttpd = (name, receiver, keeps, on = {}) => ({
  name,
  async start({ wrap = [], fill } = {}) {
    const dir = directory(name);
    const conf = configuration(dir, '', on.uri);
    const port = await freePort();
    if (fill) await fill(conf);
    const command = [...wrap, receiver, ...(keeps ? ['-c', conf] : [])].join(' ');
    // As apache/lighttpd.conf has it, but one process unless told.
    const server = await lighttpd(dir, port, `fastcgi.server = ("/callbook" => ((
  "bin-path" => "${command}", "socket" => "${dir}/sock",
  "max-procs" => ${on.processes ?? 1}, "check-local" => "disable", "bin-copy-environment" => ("PATH"))))`);
    return {
      dir, port, path: '/callbook/sales',
      own: () => descendants(server.pid),
      split: on.spent && (() => ({ lighttpd: processor([server.pid]),
        receiver: processor(descendants(server.pid)), server: on.spent() })),
      count: on.count ?? (keeps ? counter(path.join(dir, 'callbook.db')) : null),
      stop: () => stop(server),
    };
  },
});

// The report as FastCGI; dir is the configuration's.
export async function report(dir, conf) {
  const port = await freePort();
  const server = await lighttpd(dir, port, `fastcgi.server = ("/report" => ((
  "bin-path" => "${program('report.cgi')} -c ${conf}", "socket" => "${dir}/report",
  "max-procs" => 1, "check-local" => "disable")))`);
  return {
    url: `http://127.0.0.1:${port}/report`,
    own: () => descendants(server.pid),
    stop: () => stop(server),
  };
}

const cgi = {
  name: 'Callbook, plain CGI',
  async start() {
    const dir = directory('cgi');
    const conf = configuration(dir);
    const port = await freePort();
    const server = await lighttpd(dir, port, `alias.url = ("/callbook" => "${program('callbook.fcgi')}")
setenv.set-environment = ("CALLBOOK_CONFIG" => "${conf}")
cgi.assign = ("/callbook.fcgi" => "")`);
    return {
      dir, port, path: '/callbook/sales',
      waiters: () => [server.pid],
      count: counter(path.join(dir, 'callbook.db')),
      stop: () => stop(server),
    };
  },
};

// --- behind Apache ------------------------------------------------------------

// As root, all that Apache needs must be within its user's reach.
async function ownedByApache(dir) {
  if (!root) return;
  await run('chown', ['-R', `${APACHE_USER}:`, dir]);
  await run('setpriv', [`--reuid=${APACHE_USER}`, '--clear-groups', 'ls', dir]).catch(() => {
    throw new Error(`${APACHE_USER} cannot reach ${dir}: give another BUILD`);
  });
}

async function apache(dir, port, lines) {
  const modules = '/usr/lib/apache2/modules';
  const file = path.join(dir, 'apache.conf');
  fs.writeFileSync(file, `ServerRoot ${dir}
ServerName localhost
Listen 127.0.0.1:${port}
PidFile ${dir}/apache.pid
ErrorLog ${dir}/error.log
${['mpm_event', 'authz_core', 'alias', 'proxy', 'proxy_fcgi', 'fcgid']
    .map((m) => `LoadModule ${m}_module ${modules}/mod_${m}.so`).join('\n')}
${root ? `User ${APACHE_USER}\nGroup ${APACHE_USER}` : ''}
ServerLimit 4
ThreadsPerChild 64
MaxRequestWorkers 256
MaxKeepAliveRequests 0
KeepAliveTimeout 60
DocumentRoot ${dir}/www
${lines}
`);
  await ownedByApache(dir);
  return serve(path.join(dir, 'log'), 'apache2', ['-D', 'FOREGROUND', '-f', file], port);
}

const behindApache = (name, receiver, keeps) => ({
  name,
  async start() {
    const dir = directory(name);
    const conf = configuration(dir);
    const port = await freePort();
    const sock = path.join(dir, 'sock');
    const app = await serve(path.join(dir, 'log'), 'spawn-fcgi',
      ['-n', '-s', sock, '-M', '0666', '-b', '511', '--', receiver,
        ...(keeps ? ['-c', conf] : [])], sock);
    // As apache/callbook-proxy.conf has it.
    const server = await apache(dir, port, `<Location /callbook>
  ProxyPass unix:${sock}|fcgi://localhost/callbook/= disablereuse=on retry=0 timeout=60
  ProxyFCGISetEnvIf "%{REQUEST_URI} =~ m#^/callbook(/.*)#" PATH_INFO "$1"
  ProxyFCGISetEnvIf true SCRIPT_NAME /callbook
  CGIPassAuth On
  Require all granted
</Location>`);
    return {
      dir, port, path: '/callbook/sales',
      own: () => [app.pid],
      count: keeps ? counter(path.join(dir, 'callbook.db')) : null,
      stop: async () => { await stop(server); await stop(app); },
    };
  },
});

const inFcgid = (processes) => ({
  name: `Callbook, mod_fcgid, ${processes} ${processes === 1 ? 'process' : 'processes'}`,
  async start() {
    const dir = directory(`fcgid-${processes}`);
    const conf = configuration(dir);
    const port = await freePort();
    fs.copyFileSync(program('callbook.fcgi'), path.join(dir, 'callbook.fcgi'));
    // As apache/callbook-fcgid.conf has it.
    const server = await apache(dir, port, `FcgidIPCDir ${dir}
FcgidProcessTableFile ${dir}/shm
FcgidMaxRequestLen 67108864
FcgidCmdOptions ${dir}/callbook.fcgi MinProcesses ${processes} MaxProcesses ${processes} IOTimeout 60
Alias /callbook ${dir}/callbook.fcgi
<Location /callbook>
  SetHandler fcgid-script
  FcgidWrapper "${dir}/callbook.fcgi -c ${conf} -t 1"
  Options +ExecCGI
  CGIPassAuth On
  Require all granted
</Location>`);
    return {
      dir, port, path: '/callbook/sales',
      own: () => descendants(server.pid).filter((pid) => nameOf(pid) === 'callbook.fcgi'),
      count: counter(path.join(dir, 'callbook.db')),
      stop: () => stop(server),
    };
  },
});

// --- what would be used in its place --------------------------------------------

async function peerStore(dir) {
  const store = path.join(dir, 'peer.db');
  await sql(store, `PRAGMA journal_mode = WAL; CREATE TABLE event
    (id TEXT PRIMARY KEY, type TEXT, call TEXT, received INTEGER, body BLOB)`);
  return store;
}

const php = {
  name: 'PHP-FPM',
  async start({ wrap = [] } = {}) {
    const dir = directory('php-fpm');
    const store = await peerStore(dir);
    const port = await freePort();
    const sock = path.join(dir, 'sock');
    fs.copyFileSync(path.join(here, 'peers/receive.php'), path.join(dir, 'www/receive.php'));
    fs.writeFileSync(path.join(dir, 'fpm.conf'), `[global]
error_log = ${dir}/log
daemonize = no
[peer]
${root ? 'user = root\ngroup = root' : ''}
listen = ${sock}
listen.backlog = 511
pm = static
pm.max_children = 8
catch_workers_output = yes
env[PEER_SECRET] = ${secret}
env[PEER_STORE] = ${store}
`);
    const fpm = fs.readdirSync('/usr/sbin').find((f) => /^php-fpm\d/.test(f));
    const command = [...wrap, `/usr/sbin/${fpm}`, '-F', ...(root ? ['-R'] : []),
      '-y', path.join(dir, 'fpm.conf'), '-d', 'opcache.enable=1'];
    const app = await serve(path.join(dir, 'log'), command[0], command.slice(1), sock);
    const server = await lighttpd(dir, port,
      `fastcgi.server = (".php" => (("socket" => "${sock}")))`);
    return {
      dir, port, path: '/receive.php/sales',
      own: () => descendants(app.pid),
      count: counter(store),
      stop: async () => { await stop(server); await stop(app); },
    };
  },
};

const inExpress = (name, file, on = {}) => ({
  name,
  async start({ wrap = [] } = {}) {
    const dir = directory(name);
    const store = on.uri ?? await peerStore(dir);
    const port = await freePort();
    const peers = path.join(build, 'peers'); // where its modules are
    fs.copyFileSync(path.join(here, 'peers', file), path.join(peers, file));
    const command = [...wrap, process.execPath, path.join(peers, file),
      store, secret, String(port)];
    const app = await serve(path.join(dir, 'log'), command[0], command.slice(1),
      port, { NODE_ENV: 'production' });
    return {
      dir, port, path: '/sales',
      own: () => [app.pid],
      split: on.spent && (() => ({ receiver: processor([app.pid]), server: on.spent() })),
      count: on.count ?? counter(store),
      stop: () => stop(app),
    };
  },
});

const express = inExpress('Express', 'express.mjs');

const webhook = {
  name: 'webhook + sqlite3',
  async start({ wrap = [] } = {}) {
    const dir = directory('webhook');
    const store = await peerStore(dir);
    const port = await freePort();
    const file = path.join(dir, 'hooks.json');
    fs.writeFileSync(file, JSON.stringify([{
      id: 'sales',
      'execute-command': path.join(here, 'peers/webhook.sh'),
      // Only so it waits for the command, and tells of its failure.
      'include-command-output-in-response': true,
      'pass-arguments-to-command': [
        { source: 'entire-payload' },
        { source: 'payload', name: 'event_id' },
        { source: 'payload', name: 'event_type' },
        { source: 'payload', name: 'data.call.conversation_id' },
      ],
      'trigger-rule': { match: {
        type: 'payload-hmac-sha256',
        secret,
        parameter: { source: 'header', name: 'X-FormantAI-Signature' },
      } },
    }]));
    const command = [...wrap, 'webhook', '-hooks', file, '-ip', '127.0.0.1',
      '-port', String(port)];
    const app = await serve(path.join(dir, 'log'), command[0], command.slice(1),
      port, { PEER_STORE: store });
    return {
      dir, port, path: '/hooks/sales',
      own: () => [app.pid],
      waiters: () => [app.pid],
      count: counter(store),
      stop: () => stop(app),
    };
  },
};

const receiver = program('callbook.fcgi');
const noop = program('tests/bench/noop');
const rows = program('tests/bench/rows/rows');

// Callbook behind lighttpd once more, under another name.
export const another = (name, on) => behindLighttpd(name, receiver, true, on);
// Express with a server in place of a file.
export const expressOn = (name, on) => inExpress(name, 'express-pg.mjs', on);

export const systems = {
  noop: behindLighttpd('no-op, lighttpd', noop, false),
  callbook: behindLighttpd('Callbook, lighttpd', receiver, true),
  rows: behindLighttpd('rows of events alone, lighttpd', rows, true),
  noopApache: behindApache('no-op, Apache mod_proxy_fcgi', noop, false),
  callbookApache: behindApache('Callbook, Apache mod_proxy_fcgi', receiver, true),
  fcgid1: inFcgid(1),
  fcgid4: inFcgid(4),
  fcgid8: inFcgid(8),
  cgi, php, express, webhook,
};
