// A receiver as a careful Node programmer would write it: Express, the raw
// body, a comparison in constant time, a prepared statement, WAL with an fsync
// for each commit.  better-sqlite3 answers when the row is on disk.
import { createHmac, timingSafeEqual } from 'node:crypto';
import express from 'express';
import Database from 'better-sqlite3';

const [store, secret, port] = process.argv.slice(2);
const db = new Database(store);
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
db.exec(`CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, type TEXT,
  call TEXT, received INTEGER, body BLOB)`);
const insert = db.prepare(`INSERT OR IGNORE INTO event
  (id, type, call, received, body) VALUES (?, ?, ?, ?, ?)`);

const app = express();
app.disable('x-powered-by');
app.set('etag', false);
app.use(express.raw({ type: 'application/json', limit: '1mb' }));
app.post('/sales', (request, response) => {
  const wanted = Buffer.from(
    'sha256=' + createHmac('sha256', secret).update(request.body).digest('hex'));
  const told = Buffer.from(request.get('x-formantai-signature') ?? '');
  if (wanted.length !== told.length || !timingSafeEqual(wanted, told)) {
    response.status(401).json({ error: 'signature' });
    return;
  }
  let event;
  try {
    event = JSON.parse(request.body.toString('utf8'));
  } catch {
    response.status(400).json({ error: 'json' });
    return;
  }
  const { changes } = insert.run(event.event_id, event.event_type,
    event.data.call.conversation_id, Date.now(), request.body);
  response.json({ result: changes ? 'stored' : 'duplicate' });
});
app.listen(Number(port), '127.0.0.1', 511);
