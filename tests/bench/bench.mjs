// bench.mjs BUILD [PART...] - Callbook beside what would be used in its place.
//
// Every figure is a ratio of two systems that ran in turn in the same round:
// machines lend their processors out, so a rate alone says little.  After
// each round the events in the store are counted; a system that refused, lost
// or doubled one has no figure.  The table goes to BUILD/bench/bench.md.
//
// From the environment: ROUNDS, EVENTS of a round, GROWTH, the calls in the
// largest store.  Exit status: 1 if a figure is missing or not what is wanted.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { memory, processor, run, start, stop, stopAll } from './process.mjs';
import {
  another, configuration, directory, expressOn, out, program, report, secret, sql, systems,
  template, work,
} from './systems.mjs';
import { postgres } from './server.mjs';

const rounds = Number(process.env.ROUNDS ?? 5);
const events = Number(process.env.EVENTS ?? 20000);
const growth = Number(process.env.GROWTH ?? 1000000);
const CONNECTIONS = 32;
const STEADY = 300; // events a second that leave a machine room

// --- the table --------------------------------------------------------------

const ratiosTable = [];
const systemsTable = [];
const factsTable = [];
let failed = false;
let interrupted = false;

const median = (list) => {
  const s = [...list].sort((a, b) => a - b);
  const m = s.length >> 1;
  return s.length % 2 ? s[m] : (s[m - 1] + s[m]) / 2;
};
const three = (x) => Number(x).toLocaleString('en', { maximumSignificantDigits: 3 });
const cells = (list) => `| ${list.join(' | ')} |`;

function say(table, line) {
  table.push(cells(line));
  console.log(`  ${line.join('  ')}`);
}

// What was measured, round by round; at: ['≥', 0.55], or null for nothing wanted.
function row(what, list, at = null) {
  if (!list) return none(what, 'no figure: see above');
  const m = median(list);
  const met = !at || (at[0] === '≥' ? m >= at[1] : m <= at[1]);
  if (!met) failed = true;
  say(ratiosTable, [what, three(m),
    list.length > 1 ? `${three(Math.min(...list))}–${three(Math.max(...list))}` : '',
    at ? `${at[0]} ${at[1]}${met ? '' : ' **missed**'}` : '']);
}

function none(what, why) {
  if (interrupted) return;
  failed = true;
  say(ratiosTable, [what, '–', '', why]);
}

const fact = (what, value) => say(factsTable, [what, value]);

function detail(name, f) {
  if (!f) return;
  const m = (k) => three(median(f.map((x) => x[k])));
  say(systemsTable, [name, m('rate'), m('p50'), m('p99'), m('p999'), m('cpu'), m('memory')]);
}

const ratios = (a, b, of = 'rate') => (a && b ? a.map((x, i) => x[of] / b[i][of]) : null);

// --- measuring ---------------------------------------------------------------

// Send n further events; what came of it, after a look into the store.
async function load(s, n, connections = CONNECTIONS, rate = 0) {
  s.sent ??= 0;
  const own = () => s.own?.() ?? [];
  const spent = () => processor(own(), s.waiters?.());
  const before = spent();
  const split = s.split?.();
  const r = JSON.parse(await run(program('tests/bench/load'),
    ['-p', String(s.port), '-u', s.path, '-c', String(connections), '-n', String(n),
      '-r', String(rate), '-f', String(s.sent), '-s', secret, template]));
  const cpu = (spent() - before) / n * 1e6;
  const parts = { senders: r.busy * r.seconds / n * 1e6 };
  for (const [k, after] of Object.entries(s.split?.() ?? {}))
    parts[k] = (after - split[k]) / n * 1e6;
  s.sent += n;
  if (r.ok !== n) throw new Error(`${n - r.ok} of ${n} events were not accepted`);
  if (s.count) {
    const has = await s.count() - (s.had ?? 0);
    if (has !== s.sent) throw new Error(`of ${s.sent} events the store has ${has}`);
  }
  return { ...r, cpu, parts, memory: memory(own()) };
}

// Run systems in turn, each round in the other order; the figures of each by
// name, null for one that failed.
async function compare(all, n, { connections, most = rounds } = {}) {
  const names = Object.keys(all);
  const live = {};
  const figures = {};
  const attempt = async (k, what) => {
    if (figures[k] === null) return;
    try {
      await what();
    } catch (error) {
      figures[k] = null;
      none(all[k].name, `no figure: ${error.message.split('\n')[0]}`);
    }
  };
  try {
    for (const k of names)
      await attempt(k, async () => {
        live[k] = await all[k].start();
        figures[k] = [];
        await load(live[k], Math.ceil(n / 5), connections); // warms up
      });
    for (let i = 0; i < Math.min(most, rounds); i++)
      for (const k of i % 2 ? [...names].reverse() : names)
        await attempt(k, async () => { figures[k].push(await load(live[k], n, connections)); });
  } finally {
    for (const k of names) await live[k]?.stop();
  }
  for (const k of names) detail(all[k].name, figures[k]);
  return figures;
}

const these = (...names) => Object.fromEntries(names.map((k) => [k, systems[k]]));

// Run a program some times: least processor time in µs, time in s, MB.
async function cost(times, command, env = {}) {
  return JSON.parse(await run(program('tests/bench/cpu'), [String(times), ...command],
    { env: { PATH: process.env.PATH, ...env } }));
}

const page = (conf, url) => ({
  GATEWAY_INTERFACE: 'CGI/1.1', REQUEST_METHOD: 'GET', SCRIPT_NAME: '/report.cgi',
  PATH_INFO: url.split('?')[0], QUERY_STRING: url.split('?')[1] ?? '', CALLBOOK_CONFIG: conf,
});
const EVER = '?from=2000-01-01'; // a page shows thirty days if not asked

// A store with so many made-up calls, over so many days; made once.
const filled = {};
async function demo(calls, days = 60) {
  const name = `demo-${calls}-${days}`;
  if (filled[name]) return filled[name];
  const dir = directory(name);
  const conf = configuration(dir);
  fs.appendFileSync(conf, ['recho', 'atoms', 'vapi', 'retell', 'bland', 'elevenlabs', 'twilio']
    .map((p) => `[source ${p}]\nprovider = ${p}\nauth = none\n`).join(''));
  await run(program('callbook'), ['-c', conf, 'demo', '--calls', String(calls), '--days', String(days)]);
  const store = path.join(dir, 'callbook.db');
  await sql(store, 'PRAGMA wal_checkpoint(TRUNCATE)');
  const n = Number(await sql(store, 'SELECT count(*) FROM event'));
  return (filled[name] = { dir, conf, store, events: n });
}

const sizes = [growth / 100, growth / 10, growth].map(Math.round);
const many = (n) => n.toLocaleString('en');

// --- the parts -----------------------------------------------------------------

const parts = {
  // Is it the server that is measured?  wrk sends one body that it has, and
  // only looks for the end of the answer.
  async generator() {
    const s = await systems.noop.start();
    const script = path.join(s.dir, 'wrk.lua');
    const body = fs.readFileSync(template, 'utf8');
    fs.writeFileSync(script, `wrk.method = "POST"
wrk.body = [==[${body}]==]
wrk.headers["Content-Type"] = "application/json"
wrk.headers["X-FormantAI-Signature"] = "sha256=${'0'.repeat(64)}"
`);
    const list = [];
    const busy = [];
    try {
      await load(s, events);
      for (let i = 0; i < rounds; i++) {
        const ours = await load(s, 4 * events);
        busy.push(ours.busy);
        const seconds = Math.max(1, Math.round(ours.seconds));
        const said = await run('wrk', ['-t', '1', '-c', String(CONNECTIONS), '-d', `${seconds}s`,
          '-s', script, `http://127.0.0.1:${s.port}${s.path}`]);
        if (/Non-2xx|Socket errors/.test(said)) throw new Error(said);
        list.push(ours.rate / Number(/Requests\/sec:\s*([\d.]+)/.exec(said)[1]));
      }
    } finally {
      await s.stop();
    }
    row('this generator ÷ wrk with one fixed body, on the no-op', list, ['≥', 0.95]);
    fact('the generator was busy', `${three(100 * median(busy))} % of the time`);
  },

  async lighttpd() {
    const f = await compare(these('noop', 'rows', 'callbook', 'php', 'express'), events);
    row('Callbook ÷ the same receiver that keeps rows of events alone',
      ratios(f.callbook, f.rows), ['≥', 0.85]);
    row('Callbook ÷ no-op, lighttpd', ratios(f.callbook, f.noop), ['≥', 0.42]);
    row('Callbook ÷ PHP-FPM', ratios(f.callbook, f.php), ['≥', 4]);
    row('Callbook ÷ Express + better-sqlite3', ratios(f.callbook, f.express), ['≥', 4]);
    row('p99 of Callbook ÷ p99 of no-op', ratios(f.callbook, f.noop, 'p99'), ['≤', 5]);
  },

  async apache() {
    const f = await compare(these('noopApache', 'callbookApache'), events / 2);
    row('Callbook ÷ no-op, Apache mod_proxy_fcgi', ratios(f.callbookApache, f.noopApache), ['≥', 0.55]);
  },

  async fcgid() {
    const f = await compare(these('fcgid1', 'fcgid4', 'fcgid8'), events / 4);
    row('mod_fcgid, 4 processes ÷ 1', ratios(f.fcgid4, f.fcgid1));
    row('mod_fcgid, 8 processes ÷ 1', ratios(f.fcgid8, f.fcgid1), ['≥', 1.5]);
  },

  async slow() {
    const n = Math.max(Math.ceil(events / 50), 10 * CONNECTIONS);
    const f = await compare(these('cgi', 'webhook'), n, { most: 3 });
    row('Callbook as plain CGI ÷ webhook + sqlite3', ratios(f.cgi, f.webhook));
  },

  async connections() {
    for (const c of [1, 8, 128]) {
      const of = (k) => ({ ...systems[k], name: `${systems[k].name}, ${c} ${c > 1 ? 'connections' : 'connection'}` });
      const f = await compare({ noop: of('noop'), callbook: of('callbook') },
        Math.ceil(events / (c === 1 ? 8 : 2)), { connections: c, most: 3 });
      row(`Callbook ÷ no-op, lighttpd, ${c} ${c > 1 ? 'connections' : 'connection'}`, ratios(f.callbook, f.noop));
    }
  },

  // Does each system wait for the disk before it answers?
  async fsync() {
    const each = async (k, n, connections) => {
      const log = path.join(work, `fsync-${k}`);
      fs.rmSync(log, { force: true });
      const s = await systems[k].start({ wrap: ['/usr/bin/strace', '-f', '--seccomp-bpf', '-qq',
        '-o', log, '-e', 'trace=fsync,fdatasync'] });
      const calls = () => (fs.readFileSync(log, 'utf8').match(/f(data)?sync\(/g) ?? []).length;
      try {
        await load(s, 50, connections);
        const before = calls();
        await load(s, n, connections);
        return (calls() - before) / n;
      } finally {
        await s.stop();
      }
    };
    for (const [k, n, c] of [['callbook', 200, 1], ['callbook', 2000, CONNECTIONS],
      ['php', 200, CONNECTIONS], ['express', 200, CONNECTIONS], ['webhook', 50, CONNECTIONS]]) {
      const what = `fsyncs for each event, ${systems[k].name}, ${c} ${c > 1 ? 'connections' : 'connection'}`;
      try {
        const x = await each(k, n, c);
        // Callbook's share one, at most 32 of them; alone, each has its own.
        row(what, [x], ['≥', k === 'callbook' && c > 1 ? 1 / c : 1]);
      } catch (error) {
        none(what, `no figure: ${error.message.split('\n')[0]}`);
      }
    }
  },

  async store() {
    const dir = directory('insert');
    const list = [];
    const f = [];
    const s = await systems.callbook.start();
    try {
      await load(s, Math.ceil(events / 5));
      for (let i = 0; i < rounds; i++) {
        const bare = JSON.parse(await run(program('tests/bench/insert'),
          [path.join(dir, `${i}.db`), template, String(events)]));
        f.push(await load(s, events));
        list.push(f.at(-1).rate / bare.rate);
      }
    } finally {
      await s.stop();
    }
    row('Callbook, lighttpd ÷ bare inserts into SQLite, 32 at a time', list);
    const store = path.join(s.dir, 'callbook.db');
    await sql(store, 'PRAGMA wal_checkpoint(TRUNCATE)');
    row(`bytes on disk for each event of ${fs.statSync(template).size} bytes, with all indexes`,
      [fs.statSync(store).size / s.sent], ['≤', 2500]);
    const tables = await sql(store, `SELECT group_concat(name || ' ' || n, ', ') FROM
      (SELECT name, sum(pgsize) / ${s.sent} n FROM dbstat GROUP BY name HAVING n > 4 ORDER BY n DESC)`);
    fact('of these', tables);
  },

  // Processor time, as CGI: the start of the program is in it.
  async pages() {
    const took = async (n, info) => (await cost(10, [program('report.cgi')],
      page((await demo(n)).conf, info))).cpu;
    const bare = async () => (await cost(10, [program('tests/bench/bare'),
      (await demo(sizes[0])).store])).cpu;
    const thin = [];
    for (let i = 0; i < rounds; i++) thin.push(await took(growth, '/') / await bare());
    row(`overview at ${many(growth)} calls ÷ a CGI that opens the store`, thin, ['≤', 10]);
    for (const info of ['/', `/${EVER}`, '/calls', '/calls?text=renew', '/results', '/attention', '/deliveries']) {
      const ms = [];
      for (const n of sizes) ms.push(three(await took(n, info) / 1000));
      fact(`report ${info} at ${sizes.map(many).join(' / ')} calls, ms of processor`, ms.join(' / '));
    }
  },

  // What a page may cost and weigh, however many calls it is asked of: those
  // of more than a year.
  async report() {
    const small = (await demo(sizes[0], 400)).conf;
    const { conf } = await demo(growth, 400);
    const took = async (of, info) => (await cost(5, [program('report.cgi')], page(of, info))).cpu;
    const ratio = [];
    for (let i = 0; i < rounds; i++) ratio.push(await took(conf, '/') / await took(small, '/'));
    row(`overview at ${many(growth)} calls ÷ at ${many(sizes[0])}`, ratio, ['≤', 2]);
    for (const [what, filter] of [['a frequent value', 'results/resolved:yes'],
      ['a rare value', 'parameters/customer_name:Nobody'], ['some numbers', 'results/score:5..'],
      ['numbers that no call has', 'results/score:99..']]) {
      const info = `/calls${EVER}&fact=${filter}`;
      const ms = [];
      for (let i = 0; i < rounds; i++) ms.push(await took(conf, info) / 1000);
      row(`calls with a fact of ${what}, of ${many(growth)}, ms of processor`, ms, ['≤', 300]);
    }
    for (const info of [`/${EVER}`, `/costs${EVER}`, `/results${EVER}`, `/fact${EVER}&path=results/intent&by=hour`]) {
      const text = await run(program('report.cgi'), [], { env: page(conf, info) });
      row(`bytes of ${info}`, [Buffer.byteLength(text)], ['≤', 120000]);
    }
  },

  async growth() {
    const grown = (n) => ({
      name: `Callbook, lighttpd, ${many(n)} calls`,
      async start() {
        const from = await demo(n);
        const s = await another(`callbook-${n}`).start({ fill: async (conf) => {
          await run('cp', ['--reflink=auto', from.store, path.dirname(conf)]);
          await run('sync', []); // or the copy is written while it is measured
        } });
        return { ...s, had: from.events };
      },
    });
    const f = await compare({ none: systems.callbook, some: grown(sizes[1]), all: grown(growth) }, events);
    row(`rate at ${many(sizes[1])} calls ÷ at none`, ratios(f.some, f.none));
    row(`rate at ${many(growth)} calls ÷ at none`, ratios(f.all, f.none), ['≥', 0.85]);
    row(`p99 at ${many(growth)} calls ÷ at none`, ratios(f.all, f.none, 'p99'));
  },

  async upkeep() {
    const { conf, store, dir, events: stored } = await demo(growth);
    const per = (r, n) => `${three(r.wall * 1e6 / n)} s for a million, ${three(r.memory)} MB`;
    fact(`bytes on disk for each of ${many(stored)} made-up events`, three(fs.statSync(store).size / stored));
    fact('rebuild, events', per(await cost(1, [program('callbook'), '-c', conf, 'rebuild']), stored));
    const lines = path.join(dir, 'lines');
    const piped = (...command) => ['/bin/sh', '-c', `"$@" | wc -l >${lines}`, 'sh', ...command];
    const csv = await cost(1, piped(program('report.cgi')), page(conf, `/export.csv${EVER}`));
    const rows = Number(fs.readFileSync(lines, 'utf8'));
    const calls = Number(await sql(store, 'SELECT count(*) FROM call'));
    if (rows < calls) throw new Error(`${rows} lines of CSV for ${calls} calls`);
    fact('CSV export, calls', per(csv, calls));
    const all = await cost(1, piped(program('callbook'), '-c', conf, 'export'));
    const told = Number(fs.readFileSync(lines, 'utf8'));
    if (told !== Number(await sql(store, 'SELECT count(*) FROM event WHERE variant = 0')))
      throw new Error(`${told} lines of export for ${stored} events`);
    fact('export as NDJSON, events', per(all, told));
    await requeue();
  },

  // Half of the bodies of the largest store are let go of while events come at a
  // steady rate: by the receiver, and by `callbook tend` beside it.
  async retention() {
    const from = await demo(growth);
    let conf;
    const s = await another('retention').start({ fill: async (c) => {
      conf = c;
      await run('cp', ['--reflink=auto', from.store, path.dirname(c)]);
      await run('sync', []);
    } });
    s.had = from.events;
    const store = path.join(s.dir, 'callbook.db');
    const at = async () => Number(await sql(store,
      'SELECT sum(value) FROM meta WHERE name LIKE \'keep bodies %\''));
    const tend = () => start(program('callbook'), ['-c', conf, 'tend'], { stdio: 'ignore' });
    const p99 = { before: [], receiver: [], tend: [] };
    const measure = async (how) => {
      configuration(s.dir, how === 'before' ? '' : 'keep_bodies = 30d');
      await pause(3000); // the receiver looks once a second
      const was = await at();
      const tending = how === 'tend' ? tend() : null;
      p99[how].push((await load(s, events / 2, CONNECTIONS, STEADY)).p99);
      if (tending && tending.exitCode === null) await stop(tending);
      if ((await at() > was) !== (how !== 'before'))
        throw new Error(`${how}: bodies were gone up to event ${was}, then up to ${await at()}`);
    };
    try {
      await load(s, events / 5, CONNECTIONS, STEADY); // warms up
      for (let i = 0; i < rounds; i++)
        for (const how of i % 2 ? Object.keys(p99).reverse() : Object.keys(p99)) await measure(how);
      configuration(s.dir, 'keep_bodies = 30d');
      const ended = await cost(1, [program('callbook'), '-c', conf, 'tend']);
      fact('tend, the rest of the bodies', `${three(ended.wall)} s, ${three(ended.cpu / 1e6)} s of processor`);
    } finally {
      await s.stop();
    }
    for (const [how, what] of [['receiver', 'the receiver lets'], ['tend', 'callbook tend has it let']])
      row(`p99 while ${what} go of bodies ÷ p99 before, ${STEADY} events a second`,
        p99[how].map((x, i) => x / p99.before[i]), ['≤', 2]);
    fact('these p99 of each round, ms: before / receiver / tend',
      p99.before.map((x, i) => [x, p99.receiver[i], p99.tend[i]].map(three).join(' / ')).join(', '));
    const whole = path.join(s.dir, 'whole.db');
    await sql(store, `PRAGMA wal_checkpoint(TRUNCATE); VACUUM INTO '${whole}'`);
    const [had, has, wants] = [from.store, store, whole].map((f) => fs.statSync(f).size);
    row('bytes of the store then ÷ of what is in it, written anew', [has / wants], ['≤', 1.1]);
    fact('bytes of the store before, then, written anew', [had, has, wants].map(many).join(', '));
  },

  // A store on a server of this machine, beside a file and beside Express.
  async postgres() {
    const server = await postgres('postgres');
    try {
      await rates(server);
      await written(server);
      await overview(server);
    } finally {
      await server.stop();
    }
  },

  // Authenticating and mapping beside json-c's bare parse.
  async mapping() {
    const said = await run(program('tests/bench/bench_provider'), []);
    row('authenticate and map ÷ json-c\'s parse of the body',
      [Number(/ratio ([\d.]+)/.exec(said)[1])], ['≤', 2.5]);
  },
};

// A database of its own for one system.
async function on(server, database, processes) {
  return {
    uri: await server.database(database),
    count: async () => Number(await server.sql(database, 'SELECT count(*) FROM event')),
    processes,
    spent: server.spent,
  };
}

// Who costs how much processor time for an event, and how much of all there
// is that was: what is faster has to cost less, or to find processors idle.
function split(name, f) {
  if (!f) return;
  const of = (k) => median(f.map((x) => x.parts[k]));
  const each = Object.keys(f[0].parts).map((k) => `${k} ${three(of(k))}`);
  const sum = (x) => Object.values(x.parts).reduce((a, b) => a + b);
  const busy = f.map((x) => sum(x) * x.requests / x.seconds / 1e6 / os.cpus().length);
  fact(`${name}: µs of processor for each event`,
    `${each.join(', ')}; together ${three(median(f.map(sum)))}, ${three(100 * median(busy))} % of all`);
}

async function rates(server) {
  fact('processor and memory of systems on PostgreSQL', 'without the server\'s');
  const f = await compare({
    file: systems.callbook,
    server: another('Callbook on PostgreSQL', await on(server, 'one')),
    express: expressOn('Express + pg', await on(server, 'express')),
  }, events / 2);
  split('Callbook on PostgreSQL', f.server);
  split('Express + pg', f.express);
  row('Callbook on PostgreSQL ÷ on SQLite', ratios(f.server, f.file), ['≥', 0.5]);
  row('Callbook on PostgreSQL ÷ Express + pg', ratios(f.server, f.express), ['≥', 3]);
  const connections = 2 * CONNECTIONS;
  const of = async (n, database) => another(
    `Callbook on PostgreSQL, ${n > 1 ? `${n} receivers` : 'a receiver'}, ${connections} connections`,
    await on(server, database, n));
  const g = await compare({ one: await of(1, 'a'), two: await of(2, 'b') }, events / 2,
    { connections });
  split('a receiver on PostgreSQL', g.one);
  split('two receivers on PostgreSQL', g.two);
  row(`two receivers ÷ one, ${connections} connections`, ratios(g.two, g.one), ['≥', 1.2]);
}

// What an event costs the server's disk, from a checkpoint on.
async function written(server) {
  const s = await another('written', await on(server, 'written')).start();
  const n = events / 2;
  try {
    await load(s, Math.ceil(n / 5)); // makes the tables
    await server.sql('written', 'CHECKPOINT');
    await server.sql('written', 'SELECT pg_stat_reset_shared(\'wal\')');
    const before = Number(await server.sql('written', 'SELECT pg_database_size(\'written\')'));
    await load(s, n);
    const [grown, wal, syncs] = (await server.sql('written', `SELECT
      pg_database_size('written') - ${before}, wal_bytes, wal_sync
      FROM pg_stat_wal`)).split('|').map((x) => x / n);
    fact(`bytes of tables and indexes for each event of ${fs.statSync(template).size} bytes`, three(grown));
    fact('bytes of WAL for each, fsyncs of it for each', `${three(wal)}, ${three(syncs)}`);
  } finally {
    await s.stop();
  }
}

// The same store on the server, moved as an operator would.
async function overview(server) {
  const from = await demo(growth);
  const uri = await server.database('overview');
  const begin = await server.sql('overview', 'SELECT pg_current_wal_lsn()');
  for (const more of [[], ['--last']])
    await run(program('callbook'), ['-c', from.conf, 'copy', '--to', uri, ...more]);
  const [wal, bytes] = (await server.sql('overview', `SELECT
    pg_wal_lsn_diff(pg_current_wal_lsn(), '${begin}'), pg_database_size('overview')`)).split('|');
  fact(`${many(growth)} calls copied to PostgreSQL, bytes of the database and of WAL for each`,
    `${three(bytes / growth)}, ${three(wal / growth)}`);
  await server.sql('overview', 'VACUUM ANALYZE'); // as autovacuum would, by and by
  const dir = directory('overview');
  const conf = configuration(dir, '', uri);
  const took = async (of, info) => (await cost(10, [program('report.cgi')], page(of, info))).cpu;
  const both = async (info) => {
    const spent = server.spent();
    const own = await took(conf, info);
    return own + (server.spent() - spent) / 10 * 1e6;
  };
  for (const [info, at] of [['/', ['≤', 3]], [`/${EVER}`], ['/calls'], ['/calls?text=renew'],
    ['/results'], ['/attention'], ['/deliveries']]) {
    const list = [];
    const ms = [];
    for (let i = 0; i < (at ? rounds : 1); i++) {
      const file = await took(from.conf, info);
      const far = await both(info);
      list.push(far / file);
      ms.push([file, far]);
    }
    row(`report ${info} at ${many(growth)} calls on PostgreSQL ÷ on SQLite`, list, at);
    fact(`report ${info}, ms of processor on SQLite and on PostgreSQL`,
      [0, 1].map((k) => three(median(ms.map((x) => x[k])) / 1000)).join(', '));
    if (at) await kept(server, [from.dir, dir], [from.conf, conf]);
  }
}

// The overview once more, of a program that keeps its connection.
async function kept(server, dirs, confs) {
  const n = 50;
  const list = [];
  const ms = [[], []];
  const live = [];
  try {
    for (const i of [0, 1]) live.push(await report(dirs[i], confs[i]));
    const spent = () => processor(live.flatMap((s) => s.own())) + server.spent();
    const ask = async (s, times) => {
      const before = spent();
      for (let i = 0; i < times; i++) {
        const answer = await fetch(s.url);
        if (answer.status !== 200) throw new Error(`the overview answered ${answer.status}`);
        await answer.arrayBuffer();
      }
      return (spent() - before) / times * 1000;
    };
    for (const s of live) await ask(s, 5); // warms up
    for (let r = 0; r < rounds; r++) {
      for (const i of [0, 1]) ms[i].push(await ask(live[i], n));
      list.push(ms[1].at(-1) / ms[0].at(-1));
    }
  } finally {
    for (const s of live) await s.stop();
  }
  row(`the same, FastCGI, at ${many(growth)} calls on PostgreSQL ÷ on SQLite`, list, ['≤', 3]);
  fact('report /, FastCGI, ms of processor on SQLite and on PostgreSQL',
    ms.map((x) => three(median(x))).join(', '));
}

// A definition that looks for the event's type in the wrong place sends all
// to the quarantine; mended, all comes back.
async function requeue() {
  const n = Math.min(events, 20000);
  const dir = path.join(work, 'definitions');
  fs.mkdirSync(dir, { recursive: true });
  const wrong = path.join(dir, 'formantai.json');
  const text = await run(program('callbook'), ['provider', 'show', 'formantai']);
  fs.writeFileSync(wrong, text.replace('"/event_type"', '"/kind"'));
  const s = await another('requeue').start({ fill: async (conf) => {
    configuration(path.dirname(conf), `providers_dir = ${dir}`);
  } });
  const store = path.join(s.dir, 'callbook.db');
  const count = (table) => sql(store, `SELECT count(*) FROM ${table}`);
  try {
    await load({ ...s, count: async () => Number(await count('quarantine')) }, n);
    fs.rmSync(wrong);
    const r = await cost(1, [program('callbook'), '-c', path.join(s.dir, 'callbook.conf'),
      'quarantine', 'requeue', '--all']);
    if (await count('event') !== String(n)) throw new Error('requeue lost events');
    fact('requeue, events', `${three(r.wall * 1e6 / n)} s for a million by ${many(n)}, ${three(r.memory)} MB`);
  } finally {
    await s.stop();
  }
}

// --- the run -----------------------------------------------------------------------

async function machine() {
  const v = async (command, args, pattern) => {
    try { return pattern.exec(await run(command, args))?.[1] ?? '?'; } catch { return '–'; }
  };
  const head = await v('git', ['-C', path.dirname(template), 'rev-parse', '--short', 'HEAD'], /(\S+)/);
  const changed = await v('git', ['-C', path.dirname(template), 'status', '--porcelain'], /(.)/);
  return [
    `${new Date().toISOString().slice(0, 10)}, ${os.cpus().length} × ${os.cpus()[0].model}, ${os.type()} ${os.release()}`,
    `Callbook ${head}${changed !== '?' && changed !== '–' ? ' and changes' : ''}, SQLite ${await v('sqlite3', ['--version'], /^(\S+)/)}, lighttpd ${await v('lighttpd', ['-v'], /lighttpd\/(\S+)/)}, Apache ${await v('apache2', ['-v'], /Apache\/(\S+)/)}, PHP ${await v('php', ['-v'], /PHP (\S+)/)}, Node ${process.version}`,
    `${rounds} rounds of ${many(events)} events, ${CONNECTIONS} connections unless told; the median of the ratios of each round, the lowest and the highest`,
  ];
}

function write(about) {
  const text = [...about.flatMap((line) => [line, '']),
    cells(['figure', 'median', 'spread', 'wanted']), '|---|---|---|---|', ...ratiosTable, '',
    cells(['system', 'events/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'processor µs', 'MB']),
    '|---|---|---|---|---|---|---|', ...systemsTable, '',
    cells(['also', '']), '|---|---|', ...factsTable, ''].join('\n');
  const file = path.join(out, 'bench.md');
  fs.writeFileSync(file, text);
  console.log(`\n${file}`);
}

async function clean() {
  await stopAll();
  fs.rmSync(work, { recursive: true, force: true });
}

const wanted = process.argv.slice(3);
for (const name of wanted)
  if (!parts[name]) {
    console.error(`bench: no part ${name}; there are ${Object.keys(parts).join(', ')}`);
    process.exit(2);
  }
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.once(signal, async () => {
    interrupted = true;
    await clean();
    process.exit(130);
  });
fs.rmSync(work, { recursive: true, force: true });
fs.mkdirSync(work, { recursive: true });
const about = await machine();
for (const line of about) console.log(line);
for (const name of Object.keys(parts).filter((k) => !wanted.length || wanted.includes(k))) {
  if (interrupted) break;
  console.log(`\n${name}`);
  try {
    await parts[name]();
  } catch (error) {
    none(name, `no figure: ${error.message.split('\n')[0]}`);
  }
}
if (!interrupted) {
  write(about);
  await clean();
  process.exitCode = failed ? 1 : 0;
}
