// The panel beside the phone: who answers, what was noted, what was consumed, what happens.

import { el, exactTime, money, number, providerName, time, visitTime } from './words.js';

const $ = (id) => document.getElementById(id);

/** The conversation's state in words, and what the button would do. */
export function showState(conversation) {
  const state = conversation?.state ?? '';
  const human = state === 'human';
  $('state').dataset.state = state;
  $('state-words').textContent = !conversation ? 'Nenhuma conversa ainda' : human ? 'Vendedor' : state === 'closed' ? 'Conversa encerrada' : 'Assistente';
  $('state-hint').textContent = hint(conversation);
  const button = $('switch');
  button.disabled = !conversation;
  button.textContent = human ? 'Devolver ao assistente' : 'Assumir conversa';
  button.dataset.human = human ? 'yes' : 'no';
  for (const field of $('seller').elements) field.disabled = !conversation;
}

function hint(conversation) {
  if (!conversation) return 'Mande a primeira mensagem para começar.';
  if (conversation.opted_out) return 'O cliente pediu para não receber mais mensagens.';
  if (conversation.state === 'human') {
    const owed = conversation.waiting ? ' O cliente espera resposta.' : '';
    if (!conversation.human_until) return `O assistente fica em silêncio até você devolver.${owed}`;
    return `O assistente fica em silêncio até ${time(conversation.human_until)}.${owed}`;
  }
  if (conversation.waiting) return 'Preparando a resposta com o estoque desta loja…';
  return 'Responde sozinho, com o estoque desta loja.';
}

const VISITS = { asked: 'A confirmar', confirmed: 'Confirmada', cancelled: 'Cancelada' };

/** Leads and visits of the conversation; `vehicles` maps ids to vehicles that are known. */
export function showNotes(leads, visits, vehicles, timeZone) {
  const notes = [];
  const line = (label, ...value) => el('div', {}, el('dt', {}, label), el('dd', {}, ...value));
  for (const lead of leads) {
    const lines = [];
    if (lead.interest) lines.push(line('Interesse', lead.interest));
    if (lead.vehicle_id) lines.push(line('Veículo', vehicleWords(vehicles.get(lead.vehicle_id), lead.vehicle_id)));
    if (lead.trade_in) lines.push(line('Na troca', lead.trade_in));
    if (lead.budget_centavos) lines.push(line('Orçamento', money(lead.budget_centavos)));
    if (lead.source) lines.push(line('Origem', lead.source));
    if (lines.length) notes.push(el('dl', { class: 'note' }, ...lines));
  }
  for (const visit of visits) {
    const when = visit.starts_at ? visitTime(visit.starts_at, timeZone) : visit.wish || 'sem horário';
    const tag = el('span', { class: `tag ${visit.state === 'asked' ? 'ask' : ''}` }, VISITS[visit.state] ?? visit.state);
    const lines = [line('Visita', `${when} `, tag)];
    if (visit.vehicle_id) lines.push(line('Veículo', vehicleWords(vehicles.get(visit.vehicle_id), visit.vehicle_id)));
    notes.push(el('dl', { class: 'note' }, ...lines));
  }
  if (!notes.length) notes.push(el('p', { class: 'empty' }, 'Interesse, troca, orçamento e visitas aparecem aqui conforme a conversa anda.'));
  $('notes').replaceChildren(...notes);
}

function vehicleWords(vehicle, id) {
  if (!vehicle) return id;
  const year = vehicle.year_model ?? vehicle.year_manufacture;
  const price = vehicle.sale_price_centavos ?? vehicle.price_centavos;
  return [`${vehicle.make} ${vehicle.model} ${vehicle.version}`.trim(), year, price ? money(price) : null].filter(Boolean).join(' · ');
}

/** Usage lines, summed by provider and model. */
export function showUsage(lines) {
  const sums = new Map();
  for (const line of lines) {
    // A turn's row names no model: it belongs to the vendor's line that has one.
    const model = line.model || lines.find(({ provider, model: other }) => provider === line.provider && other)?.model || '';
    const key = `${line.provider} ${model}`;
    const sum = sums.get(key) ?? { provider: line.provider, model, answers: 0, read: 0, written: 0, messages: 0, characters: 0, unknown: 0 };
    if (line.kind === 'turn') sum.answers += line.receipts;
    if (line.kind === 'unknown') sum.unknown += line.receipts;
    sum.read += line.input_tokens + line.cache_read_tokens + line.cache_write_tokens;
    sum.written += line.output_tokens;
    sum.messages += line.messages;
    sum.characters += line.characters;
    sums.set(key, sum);
  }
  if (!sums.size) {
    $('usage').replaceChildren(el('p', { class: 'empty' }, 'Nada consumido ainda.'));
    return;
  }
  const cell = (value) => el('td', {}, value ? number(value) : '–');
  const rows = [...sums.values()].map((sum) => {
    const small = [sum.model, sum.characters ? `${number(sum.characters)} caracteres de voz` : '', sum.unknown ? `${sum.unknown} sem recibo` : ''].filter(Boolean).join(' · ');
    const name = el('td', {}, providerName(sum.provider), small ? el('small', {}, small) : null);
    return el('tr', {}, name, cell(sum.answers), cell(sum.read), cell(sum.written), cell(sum.messages));
  });
  const head = el('tr', {}, ...['', 'Respostas', 'Tokens lidos', 'Tokens escritos', 'Mensagens'].map((words) => el('th', { scope: 'col' }, words || el('span', { class: 'sr' }, 'Fornecedor'))));
  $('usage').replaceChildren(el('table', { class: 'usage' }, el('thead', {}, head), el('tbody', {}, ...rows)));
}

/** Which providers answered in this conversation. */
export function showAnswered(conversation, lines) {
  const minds = lines.filter(({ kind, receipts, provider }) => kind === 'turn' && receipts && provider !== 'none').map(({ provider }) => provider);
  const vendors = [...new Set(minds)];
  const node = $('answered');
  node.hidden = !conversation || !vendors.length;
  if (node.hidden) return;
  const names = vendors.map(providerName).join(' e ');
  const own = !vendors.some((id) => id !== 'catalogue');
  node.replaceChildren('Respondido por ', el('strong', {}, names), own ? ', sem IA externa e sem custo de tokens.' : '.');
}

const FEED = {
  message(data) {
    if (data.direction === 'in') return 'Cliente escreveu';
    return {
      queued: 'Resposta na fila de envio',
      sent: 'Mensagem enviada',
      delivered: 'Mensagem entregue',
      read: 'Mensagem entregue e lida',
      failed: 'Mensagem não pôde ser enviada',
      cancelled: 'Mensagem cancelada: um vendedor assumiu',
      unknown: 'Envio sem confirmação',
    }[data.state];
  },
  conversation(data) {
    if (data.opted_out) return 'Cliente pediu para não receber mensagens';
    if (data.handover_requested) return 'Vendedor avisado; até a loja abrir, o assistente segue';
    if (data.state === 'human') return 'Conversa com um vendedor';
    if (data.state === 'assistant') return 'Assistente voltou a atender';
    return undefined;
  },
  lead: () => 'Interesse do cliente anotado',
  appointment: () => 'Visita anotada',
  turn(data) {
    const state = data.state ?? data.outcome;
    if (state === 'running' || state === 'started') return 'Pensando na resposta';
    if (data.provider) return `Resposta pronta: ${providerName(data.provider)}`;
    return undefined;
  },
  channel: (data) => (data.state === 'up' ? 'Canal no ar' : undefined),
  stock: () => 'Estoque atualizado',
};

let before = '';
let heard = false; // an event came over the stream since the feed was cleared

/** What the conversation's messages tell of the past: after a reload, and while no events come. */
export function fillFeed(messages) {
  if (heard || !messages.length) return;
  const rows = messages.slice(-8).toReversed().map((message) => {
    const words = FEED.message(message) ?? 'Mensagem';
    return el('li', {}, el('time', { datetime: message.at }, exactTime(message.at)), el('span', {}, words));
  });
  $('feed').replaceChildren(...rows);
}

/** One event of the stream, in words; events without words are left out. */
export function showEvent(name, data) {
  const words = FEED[name]?.(data);
  const again = `${words} ${data.message ?? ''}`;
  if (!words || again === before) return;
  before = again;
  heard = true;
  const now = new Date().toISOString();
  const feed = $('feed');
  feed.querySelector('.empty')?.remove();
  feed.prepend(el('li', {}, el('time', { datetime: now }, exactTime(now)), el('span', {}, words)));
  while (feed.children.length > 8) feed.lastElementChild.remove();
}

export function clearFeed() {
  before = '';
  heard = false;
  $('feed').replaceChildren(el('li', { class: 'empty' }, 'Esperando o primeiro acontecimento…'));
}

const DAYS = [['mon', 'seg'], ['tue', 'ter'], ['wed', 'qua'], ['thu', 'qui'], ['fri', 'sex'], ['sat', 'sáb'], ['sun', 'dom']];

/** Who can really answer here: the tenant's choice, without what has no key on this server (null: not known). */
function minds(wanted, providers) {
  const states = new Map(providers?.map(({ name, state }) => [name, state]));
  const able = providers ? wanted.filter((id) => states.has(id)) : wanted;
  const names = able.map((id) => (states.get(id) === 'resting' ? `${providerName(id)} (com falha agora)` : providerName(id)));
  return able.includes('catalogue') ? names : [...names, providerName('catalogue')];
}

/** Address, hours, the size of the stock, and who answers. */
export function showAbout(tenant, total, providers) {
  const lines = [];
  const add = (label, value) => { if (value) lines.push(el('dt', {}, label), el('dd', {}, value)); };
  add('Endereço', tenant.address);
  add('Horário', hours(tenant.assistant.hours));
  add('Estoque', total === null ? '' : total >= 1000 ? 'mais de mil veículos' : `${total} veículos`);
  const answering = minds(tenant.assistant.providers, providers);
  add(answering.length > 1 ? 'Quem responde, nesta ordem' : 'Quem responde', answering.join(', depois '));
  $('about-list').replaceChildren(...lines);
  $('about').hidden = !lines.length;
}

function hours(week) {
  if (!week || !Object.keys(week).length) return 'sempre aberta';
  const groups = [];
  for (const [key, name] of DAYS) {
    const open = (week[key] ?? []).join(' e ').replaceAll('-', '–');
    const last = groups.at(-1);
    if (last && last.open === open) last.to = name;
    else groups.push({ from: name, to: name, open });
  }
  return groups.filter(({ open }) => open).map(({ from, to, open }) => `${from === to ? from : `${from} a ${to}`} ${open}`).join(', ');
}
