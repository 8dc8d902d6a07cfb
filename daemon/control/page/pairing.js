// The page beside the dealer's phone: shows what is to be scanned or typed, and how the channel is.

import { ApiError, follow, get, media, onTokenNeeded, post } from './api.js';
import { el } from './words.js';

const $ = (id) => document.getElementById(id);
const enc = encodeURIComponent;
const SECTIONS = ['begin', 'qr', 'code', 'confirm', 'passkey', 'busy', 'linked', 'other'];
const POLL_MS = 4000;

let shop = '';
let streaming = false;
let pictured = ''; // the text of the QR that is shown
let until = 0;
let lasts = 0;
let round = 0; // grows when another shop is chosen: late answers are dropped

const base = () => `/v1/tenants/${enc(shop)}/channel`;

onTokenNeeded((refused) => new Promise((resolve) => {
  const dialog = $('ask-token');
  $('token-words').textContent = refused ? 'Esse token não vale neste servidor. Confira e cole de novo.' : 'Cole um token de administrador deste servidor. Ele fica guardado só nesta aba.';
  dialog.oncancel = (event) => event.preventDefault();
  dialog.onclose = () => resolve($('token').value);
  if (!dialog.open) dialog.showModal();
}));

function complain(error) {
  if (error?.name === 'AbortError') return;
  if (!(error instanceof ApiError)) console.error(error);
  const words = error instanceof ApiError ? error.message : 'A página teve um problema. Recarregue-a.';
  $('error').textContent = error?.status === 409 ? said(error.detail)[1] || 'Isso não pode ser feito agora.' : words;
  $('error').hidden = false;
}

// What the server's sentences mean to the person here. The first that fits counts.
const SAID = [
  [/confirm the pairing/, 'wait', 'Compare o código com o do celular'],
  [/asks for this account's passkey/, 'wait', 'O WhatsApp pede a chave de acesso da conta'],
  [/passkey's proof was sent|accepted the passkey|keys were sent/, 'wait', 'Aguardando o celular'],
  [/waits for the QR/, 'wait', 'Aguardando a leitura do QR code'],
  [/waits for the code/, 'wait', 'Aguardando o código ser digitado no celular'],
  [/code was typed/, 'wait', 'Código recebido, aguardando o celular'],
  [/phone has linked/, 'wait', 'Celular conectado, entrando…'],
  [/waits for WhatsApp's offer|^connecting$/, 'wait', 'Falando com o WhatsApp…'],
  [/linked already/, 'up', 'Um celular já está conectado a esta loja.'],
  [/no phone is linked/, 'off', 'Nenhum celular conectado'],
  [/nobody linked|given up/, 'off', 'O tempo acabou sem ninguém conectar. Comece de novo.'],
  [/pairing was refused|begin the pairing anew/, 'bad', 'O WhatsApp recusou a conexão. Comece de novo.'],
  [/phone unlinked|was removed/, 'bad', 'O celular desfez a conexão. Conecte de novo.'],
  [/another program/, 'bad', 'Outro programa está usando esta mesma conexão. Avise o suporte.'],
  [/banned the number for/, 'bad', 'O WhatsApp baniu este número por um tempo. Veja o aviso no celular.'],
  [/banned/, 'bad', 'O WhatsApp baniu este número. Veja o aviso no celular.'],
  [/gone or locked/, 'bad', 'A conta do WhatsApp está bloqueada. Veja o aviso no celular.'],
  [/sending stopped/, 'bad', 'Envio parado para proteger o número. Responda pelo celular enquanto isso.'],
  [/client version/, 'bad', 'O WhatsApp não aceita mais esta versão do programa. Avise o suporte.'],
  [/master key/, 'bad', 'As chaves desta loja não abrem neste servidor. Avise o suporte.'],
  [/not fit linked devices/, 'bad', 'O WhatsApp do celular está desatualizado. Atualize-o e conecte de novo.'],
  [/not find this device's account/, 'bad', 'O WhatsApp não encontra esta conta. Veja o celular e conecte de novo.'],
  [/a minute$|asked for a new connection/, 'wait', 'Conectando de novo…'],
  [/limits how often/, 'wait', 'O WhatsApp pediu uma pausa antes de conectar de novo'],
  [/by itself|nothing came|trying again/, 'wait', 'Sem conexão com o WhatsApp; tentando de novo'],
];

function said(reason) {
  const found = SAID.find(([pattern]) => pattern.test(reason));
  return found ? [found[1], found[2]] : ['bad', ''];
}

function phoneOf(jid) {
  const digits = jid.split(/[:@]/)[0];
  const parts = /^55(\d{2})(\d{4,5})(\d{4})$/.exec(digits);
  return parts ? `(${parts[1]}) ${parts[2]}-${parts[3]}` : `+${digits}`;
}

function section(name) {
  for (const id of SECTIONS) $(id).hidden = id !== name;
}

function showState(kind, words, more = '') {
  $('state').dataset.kind = kind;
  $('state-words').textContent = words;
  $('state-more').textContent = more;
}

async function show(channel) {
  const mine = round;
  if (channel.kind && channel.kind !== 'web') {
    showState('off', 'Outro canal');
    $('other-words').textContent = channel.kind === 'cloud' ? 'Ela atende pela API oficial, que é o recomendado.' : 'Ela atende só no ambiente de teste.';
    section('other');
    return;
  }
  const [kind, words] = channel.state === 'up' ? ['up', 'Conectado'] : said(channel.reason);
  const at = channel.retry_at ? `nova tentativa ${when(channel.retry_at)}` : '';
  showState(kind, words || 'Desconectado', at || (words ? '' : channel.reason));
  if (channel.passkey) showPasskey(channel.passkey);
  else if (channel.pairing_code && /confirm the pairing/.test(channel.reason)) showCode('confirm', channel.pairing_code);
  else if (channel.pairing_code) showCode('code', channel.pairing_code);
  else if (channel.qr) await showQr(channel.qr, mine);
  else if (channel.jid) showLinked(channel);
  else if (kind === 'wait') busy(words);
  else section('begin');
  count(channel.qr_expires_at);
}

function when(at) {
  const seconds = Math.max(0, Math.round((new Date(at) - Date.now()) / 1000));
  if (seconds < 90) return `em ${seconds} s`;
  if (seconds < 5400) return `em ${Math.round(seconds / 60)} min`;
  return new Date(at).toLocaleString('pt-BR', { day: '2-digit', month: '2-digit', hour: '2-digit', minute: '2-digit' });
}

function busy(words) {
  $('busy-words').textContent = words;
  section('busy');
}

function showLinked(channel) {
  const up = channel.state === 'up';
  $('linked-words').textContent = up ? 'Tudo certo: a loja está conectada' : 'O celular da loja está conectado';
  $('linked-number').textContent = `Número ${phoneOf(channel.jid)}. ${up ? 'O atendimento responde por ele.' : 'No momento nada é enviado por ele.'}`;
  section('linked');
}

function showCode(name, code) {
  $(`${name}-text`).textContent = code;
  section(name);
}

async function showQr(text, mine) {
  if (pictured !== text) {
    const address = await media(`${base()}/qr.svg`);
    if (mine !== round) return;
    URL.revokeObjectURL($('qr-picture').src);
    $('qr-picture').src = address;
    pictured = text;
  }
  section('qr');
}

function showPasskey(options) {
  const command = `copy(JSON.stringify(await navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(${JSON.stringify(options)})})))`;
  if ($('passkey-command').value !== command) $('passkey-command').value = command;
  section('passkey');
}

// The time that is left

function count(at) {
  const then = at ? new Date(at).getTime() : 0;
  if (then !== until) {
    until = then;
    lasts = then - Date.now();
  }
  tick();
}

function tick() {
  const left = Math.max(0, until - Date.now());
  for (const [name, words] of [['qr', 'muda em'], ['code', 'vale por mais']]) {
    $(`${name}-left`).textContent = left ? `${words} ${Math.ceil(left / 1000)} s` : 'atualizando…';
    $(`${name}-bar`).style.transform = `scaleX(${lasts > 0 ? Math.min(1, left / lasts) : 0})`;
  }
}
setInterval(tick, 250);

// Reading

let running = null;
let again = false;

function refresh() {
  if (running) {
    again = true;
    return running;
  }
  running = read().catch(complain).finally(() => {
    running = null;
    if (again) {
      again = false;
      refresh();
    }
  });
  return running;
}

async function read() {
  if (!shop) return;
  const mine = round;
  const channel = await get(base());
  if (mine !== round) return;
  $('error').hidden = true;
  await show(channel);
}

setInterval(() => {
  if (!streaming || (until && Date.now() > until)) refresh();
}, POLL_MS);

// Doing

async function act(path, body, words) {
  $('error').hidden = true;
  const mine = round;
  busy(words);
  try {
    const channel = await post(`${base()}/${path}`, body);
    if (mine === round) await show(channel);
  } catch (error) {
    await refresh();
    complain(error);
  }
}

$('by-qr').addEventListener('click', () => act('pair', {}, 'Pedindo um QR code ao WhatsApp…'));
$('by-code').addEventListener('submit', (event) => {
  event.preventDefault();
  const typed = $('phone').value.replace(/\D/g, '');
  const phone = $('phone').value.trim().startsWith('+') || typed.length > 11 ? typed : `55${typed}`;
  act('pair', { phone: `+${phone}` }, 'Pedindo um código ao WhatsApp…');
});
$('confirm-yes').addEventListener('click', () => act('passkey', { confirmed: true }, 'Confirmando…'));
$('passkey-copy').addEventListener('click', () => {
  $('passkey-command').select();
  navigator.clipboard?.writeText($('passkey-command').value).catch(() => {});
});
$('passkey-form').addEventListener('submit', (event) => {
  event.preventDefault();
  let answer = null;
  try {
    answer = JSON.parse($('passkey-answer').value);
  } catch {
    complain(new ApiError(0, 'O resultado não está completo. Copie-o inteiro e cole de novo.'));
    return;
  }
  const { id, rawId, type, response } = answer;
  act('passkey', { id, rawId, type, response }, 'Enviando a chave de acesso…');
});
$('unlink').addEventListener('click', () => {
  if (confirm('Desconectar o número desta loja? O atendimento para até conectar de novo.')) act('logout', {}, 'Desconectando…');
});
for (const button of document.querySelectorAll('[data-cancel], [data-back]')) {
  button.addEventListener('click', () => act('logout', {}, 'Cancelando…'));
}

// Dealerships

async function loadShops() {
  const found = [];
  for (let after = ''; ;) {
    const page = await get(`/v1/tenants?limit=100${after ? `&after=${enc(after)}` : ''}`);
    found.push(...page.items);
    after = page.next;
    if (!after || found.length >= 2000) break;
  }
  $('shop').replaceChildren(...found.map(({ id, name }) => el('option', { value: id }, name)));
  if (!found.length) {
    showState('off', 'Nenhuma loja cadastrada ainda');
    return;
  }
  const wanted = decodeURIComponent(location.hash.slice(1));
  choose(found.some(({ id }) => id === wanted) ? wanted : found[0].id);
}

function choose(id) {
  round += 1;
  shop = id;
  pictured = '';
  $('shop').value = id;
  history.replaceState(null, '', `#${enc(id)}`);
  refresh();
}

$('shop').addEventListener('change', () => choose($('shop').value));
loadShops().catch(complain).then(() => follow(
  (name, data) => {
    if (name === 'reset' || ((name === 'channel' || name === 'tenant') && data.tenant === shop)) refresh();
  },
  (state) => {
    streaming = state === 'up';
  },
));
