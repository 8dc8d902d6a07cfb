// The phone: bubbles, ticks, photos, the typing dots, and answers that come one after the other.

import { media } from './api.js';
import { player } from './voice.js';
import { day, el, rich, time } from './words.js';

const talk = document.querySelector('#talk');
const calm = matchMedia('(prefers-reduced-motion: reduce)');
const CHECK = 'M1 6l3 3.500 6.500-7.500';
const CHECKS = `${CHECK} M7.500 8.700l.8.8L14.800 2`;
const CLOCK = 'M8.500 1.500a4.500 4.500 0 1 0 .01 0M8.500 3.500v2.800l1.800 1.200';

let rows = new Map(); // message id → its element and what it showed
let revealed = new Set();
let queue = [];
let pending = [];
let messages = [];
let owed = false;
let revealing = 0;
let gallery = [];
let note = '';

/** Begin with another conversation; `words` stand where no message is yet. */
export function clear(words = '') {
  rows = new Map();
  revealed = new Set();
  queue = [];
  pending = [];
  messages = [];
  owed = false;
  note = words;
  revealing += 1;
  talk.replaceChildren();
  draw();
}

/** Show what the server has. New answers are revealed one by one, unless `atOnce`. */
export function show(found, waiting, atOnce) {
  messages = found;
  owed = waiting;
  pending = pending.filter((message) => message.state !== 'stored' || !found.some(({ id }) => id === message.stored));
  const fresh = found.filter(({ id }) => !revealed.has(id) && !queue.includes(id));
  for (const message of fresh) {
    if (atOnce || calm.matches || message.direction === 'in') revealed.add(message.id);
    else queue.push(message.id);
  }
  draw();
  if (queue.length) reveal(revealing);
}

/** A message of the customer that is on its way to the server; `more` is its kind and, of a file, its `preview`. */
export function sending(text, more = {}) {
  const message = { id: `local-${Math.random()}`, direction: 'in', author: 'customer', kind: 'text', text, at: new Date().toISOString(), state: 'sending', ...more };
  pending.push(message);
  draw(true);
  const drop = () => {
    pending = pending.filter((other) => other !== message);
    draw();
  };
  return {
    drop,
    stored(id) {
      message.state = 'stored';
      message.stored = id;
      draw();
    },
    failed(retry) {
      message.state = 'failed';
      message.retry = () => {
        drop();
        retry();
      };
      draw();
    },
  };
}

let spokenBy = '';
/** What stands under spoken answers: whose voice it is, where that must be said. */
export function nameVoice(words) {
  if (spokenBy === words) return;
  spokenBy = words;
  draw();
}

export const isTyping = () => owed || queue.length > 0;
export let onTyping = () => {};
export const whenTypingChanges = (listener) => { onTyping = listener; };

let busy = 0;
async function reveal(round) {
  if (busy === round) return;
  busy = round;
  for (let spoken = 0; queue.length && round === revealing; spoken += 1) {
    const length = messages.find(({ id }) => id === queue[0])?.text?.length ?? 0;
    // The first bubble was waited for already; the others are written at a person's pace.
    await new Promise((resolve) => setTimeout(resolve, spoken ? Math.min(1300, 450 + length * 4) : 120));
    if (round !== revealing) return;
    revealed.add(queue.shift());
    draw();
  }
  if (busy === round) busy = 0;
}

function draw(jump = false) {
  const near = jump || talk.scrollHeight - talk.scrollTop - talk.clientHeight < 160;
  const visible = [...messages.filter(({ id }) => revealed.has(id)), ...pending.filter(({ stored }) => !messages.some(({ id }) => id === stored))];
  const answered = visible.findLastIndex(({ direction }) => direction === 'out');
  const wanted = [];
  let lastDay = '';
  let lastAuthor = '';
  gallery = [];
  if (!visible.length && note) wanted.push(keyed('note', note, () => el('p', { class: 'day info' }, note)));
  visible.forEach((message, index) => {
    const today = day(message.at);
    if (today !== lastDay) wanted.push(keyed(`day-${today}`, today, () => el('p', { class: 'day' }, today)));
    const first = message.author !== lastAuthor || today !== lastDay;
    lastDay = today;
    lastAuthor = message.author;
    if (message.kind === 'image' && message.media_url && !lost.has(message.id)) gallery.push(message);
    const read = index < answered;
    const signature = [message.state, message.text, message.error, message.media_url, said(message), spokenBy, first, read].join('\u0000');
    wanted.push(keyed(message.id, signature, () => bubble(message, first, read)));
  });
  if (isTyping()) wanted.push(keyed('typing', '', () => el('div', { class: 'typing', role: 'img', 'aria-label': 'A loja está digitando' }, el('i'), el('i'), el('i'))));
  arrange(wanted);
  onTyping(isTyping());
  if (near) talk.scrollTop = talk.scrollHeight;
}

function keyed(key, signature, make) {
  const known = rows.get(key);
  if (known && known.signature === signature) return known;
  const row = { key, signature, node: make() };
  if (!known && key !== 'note' && messages.length) row.node.classList.add('fresh');
  if (known) known.node.replaceWith(row.node);
  rows.set(key, row);
  return row;
}

function arrange(wanted) {
  const keep = new Set(wanted.map(({ key }) => key));
  for (const [key, { node }] of rows) {
    if (keep.has(key)) continue;
    node.remove();
    rows.delete(key);
  }
  wanted.forEach(({ node }, index) => {
    if (talk.children[index] !== node) talk.insertBefore(node, talk.children[index] ?? null);
  });
}

function bubble(message, first, read) {
  const classes = ['bubble', message.direction, message.author === 'human' ? 'human' : '', first ? 'first' : '', message.state === 'cancelled' ? 'cancelled' : ''];
  const node = el('div', { class: classes.filter(Boolean).join(' ') });
  if (first && message.author === 'human') node.append(el('span', { class: 'by' }, 'Vendedor'));
  if (message.kind === 'image' && message.media_url) {
    node.classList.add('photo');
    node.append(picture(message));
  } else if (SOUNDS.has(message.kind) && (message.media_url || message.preview)) {
    node.classList.add('voice');
    node.append(...sound(message));
  } else if (message.kind === 'document' && message.media_url) {
    node.append(paper(message));
  } else if (message.kind !== 'text' && !message.text) {
    node.append(el('span', { class: 'words' }, KINDS[message.kind] ?? 'Mensagem de outro tipo'));
  }
  if (message.text && !SOUNDS.has(message.kind)) node.append(el('span', { class: 'words' }, rich(message.text)));
  const meta = el('span', { class: 'meta' }, el('time', { datetime: message.at }, time(message.at)));
  if (message.direction === 'in') meta.append(tick(message.state, read));
  node.append(meta);
  if (message.state === 'failed') {
    const again = message.retry ? el('button', { type: 'button', class: 'small', onclick: message.retry }, 'Tentar de novo') : null;
    node.append(el('span', { class: 'trouble' }, `Não foi enviada${message.error ? `: ${message.error}` : ''}. `, again));
  } else if (message.state === 'unknown') {
    node.append(el('span', { class: 'trouble' }, 'Não se sabe se chegou.'));
  } else if (message.state === 'cancelled') {
    node.append(el('span', { class: 'trouble' }, 'Cancelada: um vendedor assumiu antes do envio.'));
  }
  return node;
}

const SOUNDS = new Set(['voice', 'audio']);

const UNHEARD = {
  gone: 'O arquivo do áudio não está mais aqui.',
  large: 'O áudio é grande demais para ser ouvido.',
  long: 'O áudio passa de 10 minutos: longo demais para ser ouvido.',
  broken: 'O áudio não pôde ser lido.',
  silent: 'Não se ouve fala no áudio.',
  unheard: 'O áudio não pôde ser transcrito.',
  deaf: 'Sem transcrição: falta uma chave da ElevenLabs ou da OpenAI.',
  late: 'A transcrição demorou demais.',
};

/** What is known of a sound's words, as it stands under it. */
function said({ direction, text, transcript }) {
  if (direction === 'out') return text;
  if (!transcript) return text;
  if (transcript.state === 'wanted') return 'Ouvindo…';
  return transcript.state === 'heard' ? `“${transcript.text}”` : UNHEARD[transcript.reason] ?? UNHEARD.unheard;
}

const SOUND_GONE = 'Áudio indisponível';

function sound(message) {
  const own = message.direction === 'in';
  const source = message.preview ? Promise.resolve(message.preview) : address(message.media_url);
  const name = own ? 'seu áudio' : 'resposta da loja';
  const play = player(source, message.transcript?.seconds ?? message.seconds, name, () => play.replaceWith(el('p', { class: 'gone' }, SOUND_GONE)));
  const parts = [play];
  const words = said(message);
  if (words) parts.push(el('span', { class: 'said' }, words));
  const pretended = own && message.transcript?.provider === 'stand-in' && message.transcript.state === 'heard';
  if (pretended) parts.push(el('span', { class: 'stand-in', title: 'Sem uma chave da ElevenLabs ou da OpenAI, a demonstração não entende a sua voz: ela faz de conta que ouviu uma pergunta de exemplo.' }, 'transcrição de demonstração'));
  if (!own && spokenBy) parts.push(el('span', { class: 'stand-in' }, spokenBy));
  return parts;
}

function paper(message) {
  const link = el('a', { class: 'paper', target: '_blank', rel: 'noopener', download: 'documento.pdf' }, KINDS.document);
  address(message.media_url).then((source) => { link.href = source; }, () => link.replaceWith('Documento indisponível'));
  return link;
}

const KINDS = { voice: '🎤 Mensagem de voz', audio: '🎵 Áudio', video: '🎬 Vídeo', document: '📄 Documento', sticker: 'Figurinha', location: '📍 Localização', contacts: '👤 Contato' };

function tick(state, read) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 16 11');
  svg.setAttribute('role', 'img');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  const [shape, words] = state === 'sending' ? [CLOCK, 'Enviando'] : state === 'failed' ? [CLOCK, 'Não enviada'] : read ? [CHECKS, 'Lida'] : [CHECKS, 'Recebida'];
  path.setAttribute('d', shape);
  path.setAttribute('fill', 'none');
  path.setAttribute('stroke', 'currentColor');
  path.setAttribute('stroke-width', '1.5');
  path.setAttribute('stroke-linecap', 'round');
  path.setAttribute('stroke-linejoin', 'round');
  svg.setAttribute('aria-label', words);
  svg.append(path);
  if (read) svg.classList.add('seen');
  return svg;
}

function picture(message) {
  const words = message.text || (message.direction === 'in' ? 'Foto do cliente' : 'Foto do veículo');
  const image = el('img', { alt: words, loading: 'lazy', width: 264, height: 198 });
  image.addEventListener('load', () => { if (talk.scrollHeight - talk.scrollTop - talk.clientHeight < 420) talk.scrollTop = talk.scrollHeight; });
  const button = el('button', { type: 'button', class: 'shot', 'aria-label': `Ampliar: ${words}`, onclick: () => open(message) }, image);
  const gone = () => {
    lost.add(message.id);
    gallery = gallery.filter(({ id }) => id !== message.id);
    button.replaceWith(el('p', { class: 'gone' }, 'Foto indisponível'));
  };
  image.addEventListener('error', gone);
  address(message.media_url).then((source) => { image.src = source; }, gone);
  return button;
}

const opened = new Map();
const lost = new Set(); // messages whose photo could not be had
async function address(url) {
  const at = new URL(url, location.href);
  // The demo's drawings may carry another name of this very machine (localhost, 127.0.0.1).
  if (at.pathname.startsWith('/demo/photos/')) return at.pathname;
  if (at.origin !== location.origin || !at.pathname.startsWith('/v1/')) return at.href;
  if (!opened.has(at.pathname)) opened.set(at.pathname, media(at.pathname + at.search));
  return opened.get(at.pathname);
}

const viewer = document.querySelector('#viewer');
const photo = document.querySelector('#photo');
const words = document.querySelector('#photo-words');
let current = 0;

async function open(message) {
  current = Math.max(0, gallery.findIndex(({ id }) => id === message.id));
  await turn(0);
  if (!viewer.open) viewer.showModal();
}

async function turn(step) {
  if (!gallery.length) return;
  current = (current + step + gallery.length) % gallery.length;
  const message = gallery[current];
  photo.src = await address(message.media_url);
  photo.alt = message.text || 'Foto do veículo';
  words.replaceChildren(rich(message.text || ''), ` (${current + 1} de ${gallery.length})`);
}

document.querySelector('#photo-before').addEventListener('click', () => turn(-1));
document.querySelector('#photo-after').addEventListener('click', () => turn(1));
viewer.addEventListener('keydown', (event) => {
  if (event.key === 'ArrowLeft') turn(-1);
  if (event.key === 'ArrowRight') turn(1);
});
viewer.addEventListener('click', (event) => { if (event.target === viewer) viewer.close(); });
