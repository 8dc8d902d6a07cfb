// Brazilian Portuguese for times, money and names; text as WhatsApp shows it. Builds nodes, never HTML strings.

const hour = new Intl.DateTimeFormat('pt-BR', { hour: '2-digit', minute: '2-digit' });
const second = new Intl.DateTimeFormat('pt-BR', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const date = new Intl.DateTimeFormat('pt-BR', { day: 'numeric', month: 'long' });
const reais = new Intl.NumberFormat('pt-BR', { style: 'currency', currency: 'BRL', maximumFractionDigits: 0 });
const whole = new Intl.NumberFormat('pt-BR');

export const time = (at) => hour.format(new Date(at));
export const exactTime = (at) => second.format(new Date(at));
export const visitTime = (at, timeZone) => {
  if (!timeZone) return new Intl.DateTimeFormat('pt-BR', visitParts).format(new Date(at));
  return new Intl.DateTimeFormat('pt-BR', { ...visitParts, timeZone }).format(new Date(at));
};
const visitParts = { weekday: 'long', day: '2-digit', month: '2-digit', hour: '2-digit', minute: '2-digit' };
export const money = (centavos) => reais.format(centavos / 100);
export const number = (value) => whole.format(value);

export function day(at) {
  const then = new Date(at);
  const now = new Date();
  const days = Math.round((new Date(now).setHours(0, 0, 0, 0) - new Date(then).setHours(0, 0, 0, 0)) / 86400000);
  if (days === 0) return 'Hoje';
  if (days === 1) return 'Ontem';
  return date.format(then);
}

/** An element with its attributes and children; strings become text, never markup. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'class') node.className = value;
    else if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const MARKS = [
  ['code', /```([\s\S]+?)```/],
  ['code', /`([^`\n]+)`/],
  ['strong', /(?<![\p{L}\p{N}*])\*(?=\S)([^*\n]*[^*\s])\*(?![\p{L}\p{N}*])/u],
  ['em', /(?<![\p{L}\p{N}_])_(?=\S)([^_\n]*[^_\s])_(?![\p{L}\p{N}_])/u],
  ['s', /(?<![\p{L}\p{N}~])~(?=\S)([^~\n]*[^~\s])~(?![\p{L}\p{N}~])/u],
  ['a', /(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)])/],
];

/** WhatsApp's *bold*, _italic_, ~struck~, `code` and links, as nodes. */
export function rich(text) {
  const fragment = document.createDocumentFragment();
  let first = null;
  for (const [tag, pattern] of MARKS) {
    const match = pattern.exec(text);
    if (match && (!first || match.index < first.match.index)) first = { tag, match };
  }
  if (!first) {
    fragment.append(text);
    return fragment;
  }
  const { tag, match } = first;
  const before = text.slice(0, match.index);
  const after = text.slice(match.index + match[0].length);
  if (before) fragment.append(before);
  if (tag === 'a') fragment.append(el('a', { href: match[1], target: '_blank', rel: 'noopener noreferrer' }, match[1]));
  else fragment.append(el(tag, {}, tag === 'code' ? match[1] : rich(match[1])));
  if (after) fragment.append(rich(after));
  return fragment;
}

export function initials(name) {
  const parts = name.trim().split(/\s+/).filter(Boolean);
  return ((parts[0]?.[0] ?? '?') + (parts.length > 1 ? parts[1][0] : '')).toUpperCase();
}

const COLORS = ['#0f766e', '#1e4e8c', '#9a3412', '#6d28d9', '#a21a53', '#3f6212'];
const KNOWN = { 'auto-sul': '#0f766e', 'garagem-paulista': '#27407a', 'sertao-motors': '#a3400f' };

/** A tenant's colour: always the same, dark enough for white text. */
export function colorOf(id) {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + letter.codePointAt(0)) >>> 0;
  return KNOWN[id] ?? COLORS[sum % COLORS.length];
}

export function softer(color, share = 0.86) {
  const mixed = [1, 3, 5].map((at) => {
    const value = parseInt(color.slice(at, at + 2), 16);
    return Math.round(value + (255 - value) * share).toString(16).padStart(2, '0');
  });
  return `#${mixed.join('')}`;
}

export const PROVIDERS = {
  catalogue: 'Catálogo próprio',
  anthropic: 'Claude',
  openai: 'GPT',
  elevenlabs: 'ElevenLabs',
  whatsapp: 'WhatsApp',
  sandbox: 'Ambiente de teste',
  'stand-in': 'Voz de demonstração',
  none: 'Ninguém (passou a um vendedor)',
};
export const providerName = (id) => PROVIDERS[id] ?? id;

const FIRST = {
  'auto-sul': ['Tem SUV automático até 100 mil?', 'HB20 até 70 mil', 'Sedã automático 2020', 'Vocês ficam onde?'],
  'garagem-paulista': ['Tem BMW X1?', 'SUV híbrido até 250 mil', 'Quero um conversível', 'Que Porsche vocês têm?'],
  'sertao-motors': ['Picape diesel 4x4', 'Carro até 50 mil pra trabalhar', 'Strada cabine dupla', 'Tem moto?'],
};
const ANY = ['Tem SUV automático até 100 mil?', 'Qual o carro mais barato?', 'Vocês ficam onde?'];
const NEXT = [
  'E o mais barato?',
  'Me manda fotos',
  'Aceita meu Gol 2015 na troca?',
  'Dá pra financiar em 48x?',
  'Posso visitar amanhã às 10h?',
  'Quero falar com um vendedor',
];

/** What a customer might write next, best first, without what was written already. */
export function suggestions(tenant, written) {
  const used = new Set(written.map((text) => text.trim().toLowerCase()));
  const opening = FIRST[tenant] ?? ANY;
  const wanted = written.length ? [...NEXT, ...opening] : [...opening, NEXT[2]];
  return wanted.filter((text) => !used.has(text.toLowerCase())).slice(0, 6);
}

// Names that need no accent: a sandbox id takes plain letters, and the assistant may call the customer by it.
const NAMES = (
  'Marina Rafael Camila Lucas Fernanda Thiago Aline Gustavo Renata Bruno Juliana Diego Larissa Marcelo Bianca Rodrigo '
  + 'Carla Eduardo Daniela Felipe Elaine Fernando Gabriela Henrique Helena Igor Isabela Leandro Luciana Marcos Natalia Otavio '
  + 'Paula Pedro Priscila Ricardo Raquel Roberto Sabrina Samuel Simone Sergio Tatiane Vinicius Vanessa Wagner Viviane Leonardo'
).split(' ');

/** A new sandbox customer: a name that is not among the `taken`. It is the sandbox's `from`. */
export function newCustomer(taken) {
  const free = NAMES.filter((name) => !taken.includes(name));
  for (;;) {
    const [dice] = crypto.getRandomValues(new Uint32Array(1));
    const name = free.length ? free[dice % free.length] : `${NAMES[dice % NAMES.length]}-${dice % 10007}`;
    if (!taken.includes(name)) return name;
  }
}
