// Meta's Cloud API: the signature of webhooks, sending, read marks.
import crypto from 'node:crypto'
import axios from 'axios'

const graph = axios.create({ baseURL: `${process.env.GRAPH_URL}/v26.0`, timeout: 10_000 })

export function signed(rawBody, header) {
  const expected = crypto.createHmac('sha256', process.env.APP_SECRET).update(rawBody).digest()
  const given = Buffer.from((header ?? '').replace('sha256=', ''), 'hex')
  return given.length === expected.length && crypto.timingSafeEqual(given, expected)
}

const post = (company, body) =>
  graph.post(
    `/${company.phoneNumberId}/messages`,
    { messaging_product: 'whatsapp', ...body },
    { headers: { Authorization: `Bearer ${company.accessToken}` } },
  )

export async function sendText(company, to, text) {
  const body = { recipient_type: 'individual', to, type: 'text', text: { body: text } }
  const response = await post(company, body)
  return response.data.messages[0].id
}

export const markRead = (company, wamid) => post(company, { status: 'read', message_id: wamid })
