// What the model is told, and the one tool it has: a search of the vehicles in memory.
import OpenAI from 'openai'

const openai = new OpenAI({ apiKey: process.env.OPENAI_API_KEY, baseURL: process.env.OPENAI_BASE_URL })
const MODEL = process.env.OPENAI_MODEL ?? 'gpt-5.4-mini'
const MAX_ROUNDS = 5
const FOUND = 6

const tools = [
  {
    type: 'function',
    function: {
      name: 'search_stock',
      description: "Search the dealership's stock. Omit what the customer did not ask for.",
      parameters: {
        type: 'object',
        properties: {
          make: { type: 'string' },
          model: { type: 'string' },
          min_year: { type: 'integer' },
          max_price_reais: { type: 'integer' },
          transmission: { type: 'string', enum: ['manual', 'automatic'] },
          fuel: { type: 'string' },
          body: { type: 'string', enum: ['hatch', 'sedan', 'suv', 'pickup', 'wagon', 'minivan'] },
        },
      },
    },
  },
]

const same = (left, right) => left?.toLowerCase() === right.toLowerCase()

export function searchStock(vehicles, wanted) {
  const found = vehicles.filter(
    (vehicle) =>
      (!wanted.make || same(vehicle.make, wanted.make)) &&
      (!wanted.model || vehicle.model.toLowerCase().includes(wanted.model.toLowerCase())) &&
      (!wanted.min_year || vehicle.year_model >= wanted.min_year) &&
      (!wanted.max_price_reais || vehicle.price_centavos <= wanted.max_price_reais * 100) &&
      (!wanted.transmission || same(vehicle.transmission, wanted.transmission)) &&
      (!wanted.fuel || same(vehicle.fuel, wanted.fuel)) &&
      (!wanted.body || same(vehicle.body, wanted.body)),
  )
  return {
    total: found.length,
    vehicles: found.slice(0, FOUND).map((vehicle) => ({
      id: vehicle.id,
      name: vehicle.name,
      year: vehicle.year_model,
      price: `R$ ${Math.round(vehicle.price_centavos / 100).toLocaleString('pt-BR')}`,
      mileage: `${vehicle.mileage_km.toLocaleString('pt-BR')} km`,
      color: vehicle.color,
    })),
  }
}

const instructions = (company) => `You are the sales assistant of ${company.name}, a Brazilian car dealership, and
answer its customers on WhatsApp in Brazilian Portuguese: short, warm, at most one question, at the end.
State only vehicles, prices, years and mileages that search_stock returned. Promise nothing about credit or discounts.`

export async function answer(company, history) {
  const messages = [
    { role: 'system', content: instructions(company) },
    ...history.map(({ direction, text }) => ({ role: direction === 'in' ? 'user' : 'assistant', content: text })),
  ]
  const usage = []
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const completion = await openai.chat.completions.create({ model: MODEL, messages, tools })
    usage.push({ model: completion.model, ...completion.usage })
    const said = completion.choices[0].message
    if (!said.tool_calls?.length) return { text: said.content, usage }
    messages.push(said)
    for (const call of said.tool_calls) {
      const result = searchStock(company.vehicles, JSON.parse(call.function.arguments))
      messages.push({ role: 'tool', tool_call_id: call.id, content: JSON.stringify(result) })
    }
  }
  throw new Error(`the model called tools ${MAX_ROUNDS} times without an answer`)
}
