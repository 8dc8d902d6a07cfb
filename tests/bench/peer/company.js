// One dealership: its connection pool, its vehicles in memory, and its messages one at a time.
import mysql from 'mysql2/promise'
import { answer } from './assistant.js'
import { markRead, sendText } from './whatsapp.js'

const HISTORY = 10

export class Company {
  constructor({ id, phone_number_id, access_token, name }) {
    this.id = id
    this.name = name
    this.phoneNumberId = phone_number_id
    this.accessToken = access_token
    this.pool = mysql.createPool({
      socketPath: process.env.MYSQL_SOCKET,
      user: process.env.MYSQL_USER,
      database: `company_${id}`,
      connectionLimit: 10,
    })
    this.vehicles = []
    this.queue = []
    this.busy = false
  }

  async load() {
    const [rows] = await this.pool.query("SELECT * FROM vehicles WHERE status = 'available' ORDER BY price_centavos")
    this.vehicles = rows.map((row) => ({
      ...row,
      options: JSON.parse(row.options),
      photos: JSON.parse(row.photos),
      name: [row.make, row.model, row.version].filter(Boolean).join(' '),
    }))
  }

  // Messages that were stored and never answered, from before the last stop.
  async loadOpenMessages() {
    const [rows] = await this.pool.query(
      "SELECT wamid, phone, text FROM messages WHERE direction = 'in' AND status = 'received' ORDER BY id",
    )
    for (const row of rows) this.enqueue(row)
  }

  // False for a message that was stored before: Meta delivers some twice.
  async store({ wamid, phone, name, text }) {
    const [result] = await this.pool.execute(
      "INSERT IGNORE INTO messages (wamid, phone, direction, text, status, at) VALUES (?, ?, 'in', ?, 'received', NOW())",
      [wamid, phone, text],
    )
    if (result.affectedRows === 0) return false
    await this.pool.execute(
      'INSERT INTO customers (phone, name, last_message_at) VALUES (?, ?, NOW()) ' +
        'ON DUPLICATE KEY UPDATE name = VALUES(name), last_message_at = NOW()',
      [phone, name],
    )
    return true
  }

  enqueue(message) {
    this.queue.push(message)
    if (!this.busy) this.work()
  }

  async work() {
    this.busy = true
    while (this.queue.length > 0) {
      const message = this.queue.shift()
      try {
        await this.reply(message)
      } catch (error) {
        console.error(`company ${this.id}: message ${message.wamid} failed:`, error.message)
      }
    }
    this.busy = false
  }

  async reply(message) {
    if (message.unstored && !(await this.store(message))) return
    markRead(this, message.wamid).catch((error) => console.error('read mark failed:', error.message))
    const [rows] = await this.pool.execute(
      `SELECT direction, text FROM messages WHERE phone = ? ORDER BY id DESC LIMIT ${HISTORY}`,
      [message.phone],
    )
    const { text, usage } = await answer(this, rows.reverse())
    const wamid = await sendText(this, message.phone, text)
    await this.pool.execute(
      "INSERT INTO messages (wamid, phone, direction, text, status, at) VALUES (?, ?, 'out', ?, 'accepted', NOW())",
      [wamid, message.phone, text],
    )
    await this.pool.execute("UPDATE messages SET status = 'answered' WHERE wamid = ?", [message.wamid])
    for (const { model, prompt_tokens, completion_tokens } of usage) {
      await this.pool.execute(
        'INSERT INTO token_usage (model, input_tokens, output_tokens, at) VALUES (?, ?, ?, NOW())',
        [model, prompt_tokens, completion_tokens],
      )
    }
  }

  async updateStatus({ id, status }) {
    await this.pool.execute('UPDATE messages SET status = ? WHERE wamid = ?', [status, id])
  }
}
