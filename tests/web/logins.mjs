// node logins.mjs RECEIVER REPORT N - a login sees its sources alone.
//
// Sends calls of two clients to RECEIVER, each with a word of the client in all
// that a platform may tell.  Then asks REPORT, as the login of one of them, for
// N made-up addresses: every page, parameter, number and export.  No answer may
// have the other's word, or the name of its source where it was not asked for.
// The same pages of the login that sees all have it: the test would see it.
import { setMaxListeners } from 'node:events';
import { inflateRawSync } from 'node:zlib';

const [, , receiver, report, count] = process.argv;
setMaxListeners(0);
const CALLS = 30; // of each client
const OTHER = 'zebra'; // the word of the other, and its source
const faults = [];

const post = async (source, body, expected = 200) => {
  const answer = await fetch(`${receiver}/${source}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  await answer.text();
  if (answer.status !== expected) faults.push(`${source}: ${answer.status}`);
};

const call = (word, i, digits) => {
  const at = new Date(Date.now() - i * 3_600_000).toISOString();
  return {
    event_id: `evt_${word}_${i}`,
    event_type: i % 4 === 0 ? 'call.no_answer' : 'call.completed',
    timestamp: at,
    data: {
      call: {
        conversation_id: `conv_${word}_${i}`,
        trace_id: i % 3 === 0 ? 'shared' : `trace_${word}_${i}`,
        agent_id: `agent_${word}`,
        from_phone: `+49${digits}${1000 + i}`,
        to_phone: `+49${digits}${5000 + i}`,
        started_at: at,
        duration_seconds: 40 + i,
        recording_url: `https://example.com/${word}/${i}.mp3`,
        failure_reason: i % 4 === 0 ? `reason ${word}` : null,
        call_parameters: { customer: `name ${word}`, [`key_${word}`]: i },
      },
      transcript: `BOT: hello ${word}\nHUMAN: common words`,
      results: { [`result_${word}`]: true, mood: word },
      retry: { attempt_number: 1, max_attempts: 3, is_final_attempt: false,
        next_retry_at: new Date(Date.now() - 7_200_000).toISOString() },
    },
  };
};

for (let i = 0; i < CALLS; i++) {
  await post('apple', call('apple', i, '30111'));
  await post(OTHER, call(OTHER, i, '40222'));
}
await post(OTHER, { ...call(OTHER, 1, '40222'), note: `variant ${OTHER}` });
await post(OTHER, { [OTHER]: 'is quarantined' });
await post(OTHER, `{"${OTHER}": broken`, 400);
await post(`${OTHER}-signed`, { [OTHER]: 'is rejected' }, 401);

// --- what is asked ----------------------------------------------------------

let seed = 20_261_128;
const random = (n) => {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
  return (seed >> 8) % n;
};
const pick = (list) => list[random(list.length)];
const number = () => String(random(2 * CALLS + 10));

const pages = [() => '', () => 'calls', () => 'callers', () => 'compare', () => 'results', () => 'costs', () => 'fact', () => 'attention',
  () => 'deliveries', () => 'metrics', () => 'check', () => 'data', () => 'export.csv',
  () => 'export.ndjson', () => 'export.xlsx', () => `call/${number()}`, () => `event/${number()}`,
  () => `delivery/${number()}`, () => `delivery/rejected/${number()}`];
const sources = ['', 'apple', OTHER, `${OTHER}-signed`, 'none', 'apple/zebra',
  '/', '%', '_____', 'apple%2Fzebra', "' OR 1=1 --", '//', 'APPLE'];
const values = {
  preset: ['today', '7d', '30d', '90d', 'month', 'last-month', 'all'],
  from: ['1970-01-01', '2026-01-01', '9999-01-01'],
  to: ['1970-01-01', '2026-12-31', '9999-12-31'],
  source: sources,
  agent: ['', '-', `agent_${OTHER}`, 'agent_apple', '%'],
  campaign: ['-', 'x'],
  direction: ['inbound', 'outbound', 'unknown'],
  outcome: ['open', 'completed', 'no_answer'],
  flag: ['with_errors', 'variant', 'late', 'derived'],
  text: [OTHER, 'hello', 'common', 'conv', '1001', '402221001', 'name'],
  after: ['9999999999999-99', '1-1'],
  by: ['agent', 'campaign', 'source', 'direction', 'period', 'hour', 'results/mood', `results/result_${OTHER}`],
  path: ['results/mood', `results/result_${OTHER}`, 'results/result_apple', `parameters/key_${OTHER}`,
    'parameters/customer'],
  fact: ['results/mood:apple', `results/mood:${OTHER}`, `parameters/customer:name ${OTHER}`],
  hour: ['0', '12'],
  a: [OTHER, `agent_${OTHER}`, 'apple'],
  b: [OTHER, `agent_${OTHER}`, 'agent_apple'],
  before: ['1-1', '9999999999999-99'],
};
const address = () => {
  const query = new URLSearchParams();

  for (let i = random(5); i > 0; i--) {
    const name = pick(Object.keys(values));
    query.set(name, pick(values[name]));
  }
  const page = pick(pages)();
  if (page === 'fact' && !query.has('path')) query.set('path', pick(values.path));
  return `${page}?${query}`;
};

// All that is packed in a file of Excel.
const unzipped = (zip) => {
  let text = '';

  for (let at = zip.indexOf('PK\x01\x02'); at !== -1; at = zip.indexOf('PK\x01\x02', at + 1)) {
    const head = zip.readUInt32LE(at + 42);
    const from = head + 30 + zip.readUInt16LE(head + 26) + zip.readUInt16LE(head + 28);
    text += inflateRawSync(zip.subarray(from, from + zip.readUInt32LE(at + 20)));
  }
  return text;
};

const ask = async (path, login) => {
  const answer = await fetch(`${report}/${path}`, { redirect: 'manual',
    headers: { authorization: `Basic ${btoa(`${login}:${login}`)}` } });
  return [answer.status, answer.headers.get('content-type')?.includes('openxml')
    ? unzipped(Buffer.from(await answer.arrayBuffer())) : await answer.text()];
};

// Of the other's calls there is nothing but what was asked for itself, which
// the form of the page repeats.
const look = (path, body) => {
  const asked = decodeURIComponent(path.replaceAll('+', ' '));
  const rest = /zebra|40222/.test(asked)
    ? body.replace(/<title>[^<]*<|<h1>[^<]*<|value="[^"]*"|<bdi>[^<]*<\/bdi>|(href|action)="[^"]*"/g, '')
      .replace(/<option[^>]*>[^<]*<\/option>/g, '') : body;

  if (rest.includes(OTHER) || rest.includes('40222'))
    faults.push(`${path} has ${rest.slice(
      Math.max(0, rest.search(/zebra|40222/) - 60)).slice(0, 120)}`);
};

const statuses = {};
for (let i = 0; i < Number(count); i++) {
  const path = address();
  const [status, body] = await ask(path, 'apple');

  statuses[status] = (statuses[status] ?? 0) + 1;
  if (status >= 500) faults.push(`${status}: ${path}`);
  look(path, body);
}
for (const path of ['?preset=all', 'calls', 'results', 'fact?path=results/mood&by=parameters/customer', 'attention', 'metrics',
  'export.csv', 'export.ndjson', 'export.xlsx', 'deliveries', 'delivery/1',
  'delivery/rejected/1', 'event/2', 'call/2', 'check', 'data']) {
  const [status, body] = await ask(path, 'owner');

  if (status !== 200) faults.push(`owner: ${status}: ${path}`);
  if (path !== 'check' && !/zebra|40222/.test(body))
    faults.push(`the owner does not see the other in ${path}`);
  if (!['check', 'data'].includes(path) && !path.includes('/')) {
    const [, mine] = await ask(path, 'apple');
    if (!/apple|30111/.test(mine)) faults.push(`apple sees nothing: ${path}`);
    look(path, mine);
  }
}
console.log(`${count} addresses`, statuses);
for (const fault of [...new Set(faults)].slice(0, 20)) console.log(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
