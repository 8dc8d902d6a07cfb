// One process for all companies: webhooks in, answers out. See README.md for what was decided and why.
import express from 'express'
import mysql from 'mysql2/promise'
import { Company } from './company.js'
import { signed } from './whatsapp.js'

// first: answer 200 at once, then work. stored: answer 200 when the messages are in the database, and at start take up
// those that were never answered.
const STORED = process.env.ACKNOWLEDGE === 'stored'

const companies = new Map()

async function loadCompanies() {
  const central = await mysql.createConnection({
    socketPath: process.env.MYSQL_SOCKET,
    user: process.env.MYSQL_USER,
    database: 'central',
  })
  const [rows] = await central.query('SELECT * FROM companies')
  await central.end()
  for (const row of rows) {
    const company = new Company(row)
    await company.load()
    companies.set(company.phoneNumberId, company)
  }
}

async function receive(company, value) {
  for (const status of value.statuses ?? []) await company.updateStatus(status)
  for (const message of value.messages ?? []) {
    if (message.type !== 'text') continue
    const received = {
      wamid: message.id,
      phone: message.from,
      name: value.contacts?.[0]?.profile?.name ?? '',
      text: message.text.body,
    }
    if (!STORED) company.enqueue({ ...received, unstored: true })
    else if (await company.store(received)) company.enqueue(received)
  }
}

async function receiveAll(body) {
  for (const entry of body.entry ?? []) {
    for (const { value } of entry.changes ?? []) {
      const company = companies.get(value.metadata?.phone_number_id)
      if (company) await receive(company, value)
    }
  }
}

const app = express()
app.use(express.json({ limit: '5mb', verify: (req, res, buffer) => (req.rawBody = buffer) }))

app.get('/webhooks/whatsapp', (req, res) => {
  if (req.query['hub.verify_token'] !== process.env.VERIFY_TOKEN) return res.sendStatus(403)
  res.send(req.query['hub.challenge'])
})

app.post('/webhooks/whatsapp', async (req, res) => {
  if (!req.rawBody || !signed(req.rawBody, req.get('X-Hub-Signature-256'))) return res.sendStatus(401)
  if (!STORED) res.sendStatus(200)
  await receiveAll(req.body)
  if (STORED) res.sendStatus(200)
})

// For the operator's panel.
app.get('/companies/:number/messages', async (req, res) => {
  const [rows] = await companies.get(req.params.number).pool.query('SELECT * FROM messages ORDER BY id')
  res.json(rows)
})

process.on('unhandledRejection', (error) => console.error('unhandled:', error.message))

await loadCompanies()
const server = app.listen(process.env.PORT ?? 0, '127.0.0.1', async () => {
  if (STORED) for (const company of companies.values()) await company.loadOpenMessages()
  console.log(`ready ${server.address().port}`)
})
