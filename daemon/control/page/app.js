// The sandbox page: choose a dealership, write as its customer, look behind the counter.

import { ApiError, follow, get, onceKey, onTokenNeeded, post } from './api.js';
import * as backstage from './backstage.js';
import * as chat from './chat.js';
import { view } from './screens.js';
import * as voice from './voice.js';
import { colorOf, el, initials, newCustomer, softer, suggestions, time } from './words.js';

const $ = (id) => document.getElementById(id);
const enc = encodeURIComponent;

let shops = [];
let shop = null; // the whole tenant
let customer = ''; // the sandbox id, `from`
let conversation = null;
let messages = [];
let usageOf = 'talk';
let streaming = false;
let round = 0; // grows when another shop or customer is chosen: late answers are dropped
const vehicles = new Map();
let asked = []; // what was asked with a chip or by hand, stored or not
let providers = null; // who can be asked on this server; null: not known
const made = new Map(); // tenant → customers begun in this tab

const base = () => `/v1/tenants/${enc(shop.id)}`;

// Errors in words

function complain(error) {
  if (error?.name === 'AbortError') return;
  const words = error instanceof ApiError ? error.message : 'A página teve um problema. Recarregue-a.';
  if (!(error instanceof ApiError)) console.error(error);
  const shown = [...$('toasts').children].find((toast) => toast.dataset.words === words);
  if (shown) return;
  const toast = el('div', { class: 'toast', title: error?.detail || null }, el('span', {}, words));
  toast.dataset.words = words;
  toast.append(el('button', { type: 'button', onclick: () => toast.remove() }, 'Fechar'));
  $('toasts').append(toast);
  setTimeout(() => toast.remove(), 8000);
}

onTokenNeeded((refused) => new Promise((resolve) => {
  const dialog = $('ask-token');
  $('token-words').textContent = refused ? 'Esse token não vale neste servidor. Confira e cole de novo.' : 'Cole o token de operador deste servidor. Ele fica guardado só nesta aba.';
  $('token-words').classList.toggle('bad', refused);
  dialog.oncancel = (event) => event.preventDefault();
  dialog.onclose = () => resolve($('token').value);
  if (!dialog.open) dialog.showModal();
}));

// Dealerships

async function loadShops() {
  const found = [];
  for (let after = ''; ;) {
    const page = await get(`/v1/tenants?limit=100${after ? `&after=${enc(after)}` : ''}`);
    found.push(...page.items);
    after = page.next;
    if (!after || found.length >= 500) break;
  }
  shops = found;
  $('shops').replaceChildren(...shops.map(shopButton));
  if (!shops.length) {
    $('shops').replaceChildren(el('p', { class: 'empty' }, 'Nenhuma loja cadastrada ainda. Crie uma com POST /v1/tenants.'));
    $('chat-name').textContent = 'Nenhuma loja';
    chat.clear('Cadastre uma loja para conversar.');
    return;
  }
  await chooseShop((shops.find(({ id }) => id === location.hash.slice(1).split('/')[0]) ?? shops[0]).id);
}

const BROKEN = { suspended: 'suspensa', failed: 'com falha', credentials_needed: 'precisa de credenciais', reserved: 'sendo criada' };

function shopButton(row) {
  const line = BROKEN[row.state] ? el('span', { class: 'line bad' }, BROKEN[row.state]) : el('span', { class: 'line' }, '');
  const button = el('button', { type: 'button', class: 'shop', role: 'radio', 'aria-checked': 'false', tabindex: '-1', onclick: () => chooseShop(row.id).catch(complain) },
    el('span', { class: 'avatar', 'aria-hidden': 'true' }, initials(row.name)), el('div', {}, el('strong', {}, row.name), line));
  button.dataset.id = row.id;
  button.style.setProperty('--shop', colorOf(row.id));
  if (!BROKEN[row.state]) {
    Promise.all([get(`/v1/tenants/${enc(row.id)}`), get(`/v1/tenants/${enc(row.id)}/vehicles?limit=1&status=available`)]).then(([tenant, stock]) => {
      const total = stock.total === undefined ? '' : `${stock.total >= 1000 ? 'mais de mil' : stock.total} veículos`;
      const city = tenant.address.split(',').at(-1).trim();
      line.textContent = [city, total].filter(Boolean).join(' · ');
    }, () => {});
  }
  return button;
}

$('shops').addEventListener('keydown', (event) => {
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (!step || !shops.length) return;
  event.preventDefault();
  const at = shops.findIndex(({ id }) => id === shop?.id);
  const next = shops[(at + step + shops.length) % shops.length];
  chooseShop(next.id).catch(complain);
  $('shops').querySelector(`[data-id="${next.id}"]`)?.focus();
});

async function chooseShop(id) {
  round += 1;
  const mine = round;
  for (const button of $('shops').children) {
    const chosen = button.dataset.id === id;
    button.setAttribute('aria-checked', String(chosen));
    button.tabIndex = chosen ? 0 : -1;
  }
  const color = colorOf(id);
  document.documentElement.style.setProperty('--accent', color);
  document.documentElement.style.setProperty('--accent-soft', softer(color));
  const tenant = await get(`/v1/tenants/${enc(id)}`);
  if (mine !== round) return;
  shop = tenant;
  $('chat-name').textContent = shop.name;
  $('chat-avatar').textContent = initials(shop.name);
  backstage.clearFeed();
  showAbout(tenant).catch(complain);
  const people = await loadPeople();
  if (mine !== round) return;
  chooseCustomer(people[0]?.from ?? begin());
}

async function showAbout(tenant) {
  const stock = await get(`${base()}/vehicles?limit=1&status=available`).catch(() => ({}));
  providers ??= (await get('/v1/providers').catch(() => null))?.items ?? null;
  if (tenant === shop) backstage.showAbout(tenant, stock.total ?? null, providers);
  showVoice();
}

// Customers

const known = () => made.get(shop.id) ?? [];

function begin() {
  const id = newCustomer(people.map(({ from }) => from));
  made.set(shop.id, [id, ...known()]);
  return id;
}

async function loadPeople() {
  const at = shop;
  const page = await get(`${base()}/conversations?limit=50`);
  if (at !== shop) return [];
  const found = [];
  for (const row of page.items) {
    const alias = row.contact.aliases.find(({ kind }) => kind === 'sandbox');
    if (alias) found.push({ from: alias.value, name: row.contact.name || alias.value, row });
  }
  for (const from of known()) {
    if (!found.some((person) => person.from === from)) found.unshift({ from, name: from, row: null });
  }
  drawPeople(found);
  return found;
}

let people = [];
function drawPeople(found) {
  people = found;
  $('people').replaceChildren(...found.map(({ from, name, row }) => {
    const last = !row ? 'ainda não escreveu' : row.state === 'human' ? `com vendedor · ${time(row.last_message_at)}` : `com assistente · ${time(row.last_message_at)}`;
    const button = el('button', { type: 'button', class: 'person', 'aria-pressed': String(from === customer), onclick: () => chooseCustomer(from) },
      el('span', { class: 'avatar', 'aria-hidden': 'true' }, initials(name)), el('div', {}, el('strong', {}, name), el('span', { class: 'last' }, last)));
    return el('li', {}, button);
  }));
}

function chooseCustomer(from) {
  round += 1;
  dropRecording();
  customer = from;
  conversation = null;
  messages = [];
  asked = [];
  history.replaceState(null, '', `#${shop.id}`);
  drawPeople(people.some((person) => person.from === from) ? people : [{ from, name: from, row: null }, ...people]);
  chat.clear(`Você é ${from}, cliente. Escreva para a ${shop.name} como escreveria no WhatsApp.`);
  backstage.showState(null);
  backstage.showNotes([], [], vehicles);
  backstage.showUsage([]);
  backstage.showAnswered(null, []);
  drawChips();
  view('chat');
  refresh(true).catch(complain);
}

$('new-customer').addEventListener('click', () => {
  if (!shop) return;
  chooseCustomer(begin());
  $('draft').focus();
});

// The conversation

let running = null;
let again = false;

/** Read the conversation anew; calls that come while one runs share one more. */
function refresh(atOnce = false) {
  if (running && !atOnce) {
    again = true;
    return running;
  }
  running = read(atOnce).finally(() => {
    running = null;
    if (again) {
      again = false;
      refresh().catch(complain);
    }
  });
  return running;
}

async function read(atOnce) {
  const mine = round;
  const page = await get(`${base()}/sandbox/messages?from=${enc(customer)}&order=desc&limit=200`);
  if (mine !== round) return;
  const changed = conversation?.state !== page.conversation?.state || messages.length !== page.items.length;
  conversation = page.conversation;
  messages = page.items.toReversed();
  const owed = Boolean(conversation?.waiting && conversation.state === 'assistant');
  chat.show(messages, owed, atOnce);
  backstage.showState(conversation);
  drawStatus();
  drawChips();
  if (atOnce || !streaming) backstage.fillFeed(messages);
  if (conversation && (changed || atOnce)) await Promise.all([readBehind(mine), loadPeople()]);
}

async function readBehind(mine) {
  const id = conversation.id;
  const filter = usageOf === 'talk' ? `?conversation=${enc(id)}` : '';
  const [leads, visits, talk, usage] = await Promise.all([
    get(`${base()}/leads?limit=500`),
    get(`${base()}/appointments?limit=500`),
    get(`${base()}/usage?conversation=${enc(id)}`),
    filter ? null : get(`${base()}/usage`),
  ]);
  if (mine !== round) return;
  const ours = ({ conversation_id }) => conversation_id === id;
  const found = [leads.items.filter(ours), visits.items.filter(ours)];
  backstage.showUsage((usage ?? talk).items);
  backstage.showAnswered(conversation, talk.items);
  const wanted = new Set(found.flat().map(({ vehicle_id }) => vehicle_id).filter(Boolean));
  await Promise.all([...wanted].filter((vehicle) => !vehicles.has(vehicle)).map(async (vehicle) => {
    vehicles.set(vehicle, await get(`${base()}/vehicles/${enc(vehicle)}`).catch(() => undefined));
  }));
  if (mine === round) backstage.showNotes(...found, vehicles, shop.time_zone);
}

function drawStatus() {
  const human = conversation?.state === 'human';
  $('chat-status').textContent = chat.isTyping() ? 'digitando…' : human ? 'atendimento por vendedor' : 'online';
}
chat.whenTypingChanges(drawStatus);

let chipsShown = '';
function drawChips() {
  const written = messages.filter(({ direction }) => direction === 'in').map(({ text }) => text);
  const wanted = suggestions(shop.id, [...written, ...asked]);
  if (wanted.join() === chipsShown) return;
  chipsShown = wanted.join();
  $('chips').replaceChildren(...wanted.map((text) => el('button', { type: 'button', class: 'chip', onclick: () => say(text) }, text)));
  $('chips').scrollLeft = 0;
}

async function say(text, key = onceKey()) {
  if (!shop) return;
  const mine = round;
  const path = `${base()}/sandbox/messages`;
  const sent = chat.sending(text);
  asked.push(text);
  drawChips();
  try {
    const message = await post(path, { from: customer, text }, { 'Idempotency-Key': key });
    if (mine !== round) return;
    sent.stored(message.id);
    await refresh();
  } catch (error) {
    complain(error);
    if (mine === round) sent.failed(() => say(text, key));
  }
}

// Voice notes, pictures, documents

const MOST_BYTES = 16 * 1024 * 1024;
const PLAIN = ['audio/ogg', 'audio/webm', 'audio/mp4', 'audio/x-m4a', 'audio/mpeg', 'audio/aac', 'audio/amr', 'image/jpeg', 'image/png', 'image/webp', 'image/gif', 'application/pdf'];
const CLAIMS = { 'video/webm': 'audio/webm', 'video/mp4': 'audio/mp4' }; // a chooser takes sound for a film
const NO_FILE = 'Envie um áudio, uma foto (JPEG, PNG ou WebP) ou um PDF.';

/** The file under a type that the API knows; what it is, its bytes tell. */
function sendable(file) {
  const type = file.type.split(';')[0].toLowerCase();
  const claimed = CLAIMS[type] ?? (PLAIN.includes(type) ? type : 'application/octet-stream');
  return file.slice(0, file.size, claimed);
}

function kindOf({ type, name }) {
  if (type.startsWith('image/')) return 'image';
  return type === 'application/pdf' || name?.toLowerCase().endsWith('.pdf') ? 'document' : 'voice';
}

async function sendFile(file, seconds, key = onceKey()) {
  if (!shop) return;
  const mine = round;
  const kind = kindOf(file);
  if (file.size > MOST_BYTES) { complain(new ApiError(413, 'O arquivo passa de 16 MB.')); return; }
  const caption = kind === 'image' ? draft.value.trim() : '';
  if (caption) { draft.value = ''; composed(); }
  const path = `${base()}/sandbox/files?from=${enc(customer)}&text=${enc(caption)}`;
  const sent = chat.sending(caption, { kind, seconds, preview: kind === 'voice' ? URL.createObjectURL(file) : undefined });
  try {
    const message = await post(path, sendable(file), { 'Idempotency-Key': key });
    if (mine !== round) return;
    sent.stored(message.id);
    await refresh();
  } catch (error) {
    const useless = [415, 422].includes(error.status);
    complain(useless ? new ApiError(error.status, NO_FILE, error.detail) : error);
    if (mine !== round) return;
    if (useless) sent.drop();
    else sent.failed(() => sendFile(file, seconds, key));
  }
}

$('attach').addEventListener('click', () => $('file').click());
$('file').addEventListener('change', () => {
  const [file] = $('file').files;
  $('file').value = '';
  if (file) sendFile(file);
});

let recording = null;

function recordingShown(shown) {
  $('recording').hidden = !shown;
  $('composer').hidden = shown;
  $('record-time').textContent = '0:00';
}

$('mic').addEventListener('click', async () => {
  if (recording || !shop) return;
  try {
    $('mic').disabled = true;
    recording = await voice.record((seconds) => { $('record-time').textContent = voice.clock(seconds); }, finishRecording);
    recordingShown(true);
    $('record-send').focus();
  } catch (error) {
    complain(new ApiError(0, error.message));
  }
  $('mic').disabled = false;
});

async function finishRecording() {
  const ending = recording;
  recording = null;
  if (!ending) return;
  recordingShown(false);
  const { file, seconds } = await ending.stop();
  if (file.size) sendFile(file, seconds);
}

function dropRecording() {
  recording?.cancel();
  recording = null;
  recordingShown(false);
}

$('record-send').addEventListener('click', finishRecording);
$('record-cancel').addEventListener('click', dropRecording);
$('recording').addEventListener('keydown', (event) => { if (event.key === 'Escape') dropRecording(); });

/** What must be said of voices here: who pretends, what is missing. */
function showVoice() {
  const names = new Set(providers?.map(({ name }) => name));
  chat.nameVoice(names.has('stand-in speech') ? 'voz de demonstração' : '');
  const words = [voice.hindrance()];
  if (names.has('stand-in transcription')) words.push('Demonstração sem chave de voz: seu áudio não é entendido de verdade, a loja responde a uma pergunta de exemplo.');
  if (providers && shop?.assistant.voice?.enabled && ![...names].some((name) => name.endsWith(' speech'))) words.push('A resposta vem por escrito: para falar, a loja precisa de uma chave da ElevenLabs ou da OpenAI (na demonstração, basta instalar espeak-ng e ffmpeg).');
  const shown = words.filter(Boolean).join(' ');
  $('voice-note').textContent = shown;
  $('voice-note').hidden = !shown;
}

const draft = $('draft');
/** As on the phone: an empty field offers the microphone, a filled one to send. */
function composed() {
  const canRecord = !voice.hindrance() && !draft.value.trim();
  $('mic').hidden = !canRecord;
  $('send').hidden = canRecord;
  grow(draft);
}
const grow = (field) => {
  field.style.setProperty('height', 'auto');
  field.style.setProperty('height', `${Math.min(120, field.scrollHeight)}px`);
};
draft.addEventListener('input', composed);
draft.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $('composer').requestSubmit();
});
$('composer').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = draft.value.trim();
  if (!text || !shop) return;
  draft.value = '';
  composed();
  say(text);
});

// The salesperson's side

const talkPath = (rest) => `${base()}/conversations/${enc(conversation.id)}/${rest}`;

async function act(button, work) {
  button.disabled = true;
  try {
    await work();
    await refresh();
  } catch (error) {
    complain(error);
  }
  backstage.showState(conversation);
}

$('switch').addEventListener('click', () => {
  if (!conversation) return;
  const release = conversation.state === 'human';
  act($('switch'), () => post(talkPath(release ? 'release' : 'takeover')));
});

$('seller').addEventListener('submit', (event) => {
  event.preventDefault();
  const field = $('seller-text');
  const text = field.value.trim();
  if (!text || !conversation) return;
  act(event.submitter ?? field, async () => {
    await post(talkPath('messages'), { text }, { 'Idempotency-Key': onceKey() });
    field.value = '';
  });
});
$('seller-text').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $('seller').requestSubmit($('seller').querySelector('button'));
});

for (const which of ['talk', 'shop']) {
  $(`usage-${which}`).addEventListener('click', () => {
    usageOf = which;
    $('usage-talk').setAttribute('aria-pressed', String(which === 'talk'));
    $('usage-shop').setAttribute('aria-pressed', String(which === 'shop'));
    if (conversation) readBehind(round).catch(complain);
    else if (shop && which === 'shop') get(`${base()}/usage`).then(({ items }) => backstage.showUsage(items), complain);
    else backstage.showUsage([]);
  });
}

// Live

function live(state) {
  streaming = state === 'up';
  $('live').dataset.state = state;
  $('live-words').textContent = streaming ? 'Ao vivo' : 'Reconectando… (consultando de tempos em tempos)';
}

let soon = 0;
function lookSoon() {
  clearTimeout(soon);
  soon = setTimeout(() => { if (shop) refresh().catch(complain); }, 60);
}

function heard(name, data) {
  if (!shop) return;
  if (name === 'reset') { lookSoon(); return; }
  if (data.tenant !== shop.id) return;
  if (!data.conversation || !conversation || data.conversation === conversation.id) backstage.showEvent(name, data);
  if (['lead', 'appointment', 'turn'].includes(name) && conversation && data.conversation === conversation.id) readBehind(round).catch(complain);
  lookSoon();
}

// Events wake us; this is for when they do not come, quicker while an answer is owed.
async function poll() {
  for (let beat = 0; ; beat += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    if (!shop || document.hidden) continue;
    const due = streaming ? (conversation?.waiting ? 2 : 10) : 1;
    if (beat % due) continue;
    try {
      await refresh();
    } catch (error) {
      if (error.status !== 0) complain(error);
    }
  }
}

function tell() {
  $('clock').textContent = time(new Date());
  setTimeout(tell, 20000);
}

tell();
composed();
loadShops().then(() => { follow(heard, live); poll(); }, (error) => {
  complain(error);
  live('down');
  $('live-words').textContent = 'Sem conexão';
  $('chat-name').textContent = 'Sem conexão';
});
