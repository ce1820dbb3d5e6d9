// The same receiver with PostgreSQL: a pool of connections, one insert for each
// request, and an answer when the server has committed it to disk.
import { createHmac, timingSafeEqual } from 'node:crypto';
import express from 'express';
import pg from 'pg';

const [store, secret, port] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: store, max: 10 });
await pool.query(`CREATE TABLE IF NOT EXISTS event (id text PRIMARY KEY,
  type text, call text, received bigint, body bytea)`);
const insert = {
  name: 'insert',
  text: `INSERT INTO event (id, type, call, received, body)
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
};

const app = express();
app.disable('x-powered-by');
app.set('etag', false);
app.use(express.raw({ type: 'application/json', limit: '1mb' }));
app.post('/sales', async (request, response) => {
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
  const { rowCount } = await pool.query({ ...insert, values: [event.event_id,
    event.event_type, event.data.call.conversation_id, Date.now(), request.body] });
  response.json({ result: rowCount ? 'stored' : 'duplicate' });
});
app.listen(Number(port), '127.0.0.1', 511);
