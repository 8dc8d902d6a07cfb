// Recording a voice note, and playing one. Knows nothing of the API.

import { el } from './words.js';

const TYPES = ['audio/ogg;codecs=opus', 'audio/webm;codecs=opus', 'audio/mp4'];
const LONGEST_S = 600; // longer ones are not heard

const svg = (shape) => {
  const node = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  node.setAttribute('viewBox', '0 0 24 24');
  node.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', shape);
  path.setAttribute('fill', 'currentColor');
  node.append(path);
  return node;
};
const PLAY = 'M8 5.200v13.600L19 12z';
const PAUSE = 'M7 5h3.500v14H7zM13.500 5H17v14h-3.500z';

export const clock = (seconds) => {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
};

/** Why this browser cannot record here, in a sentence; '' if it can. */
export function hindrance() {
  if (!window.isSecureContext) return 'Gravar áudio só funciona em localhost ou https. Use o clipe para enviar um áudio.';
  if (!navigator.mediaDevices?.getUserMedia || !window.MediaRecorder) return 'Este navegador não grava áudio. Use o clipe para enviar um.';
  return '';
}

const REFUSALS = {
  NotAllowedError: 'O navegador não deixou usar o microfone. Libere o acesso e tente de novo.',
  NotFoundError: 'Nenhum microfone foi encontrado. Use o clipe para enviar um áudio.',
  NotReadableError: 'O microfone está em uso por outro programa.',
};

/** Begin to record; `onTick` gets the seconds so far, `onFull` is called at the longest. The result stops it: `stop`
 * gives the file, `cancel` throws it away. Raises an Error with words for a person. */
export async function record(onTick, onFull) {
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true } });
  } catch (error) {
    throw new Error(REFUSALS[error.name] ?? 'O microfone não pôde ser usado.');
  }
  const type = TYPES.find((one) => MediaRecorder.isTypeSupported(one)) ?? '';
  const recorder = new MediaRecorder(stream, { ...(type ? { mimeType: type } : {}), audioBitsPerSecond: 32000 });
  const pieces = [];
  recorder.addEventListener('dataavailable', ({ data }) => { if (data.size) pieces.push(data); });
  const over = new Promise((resolve) => { recorder.addEventListener('stop', resolve, { once: true }); });
  const begun = performance.now();
  const seconds = () => (performance.now() - begun) / 1000;
  const beat = setInterval(() => {
    onTick(seconds());
    if (seconds() >= LONGEST_S) onFull();
  }, 250);
  recorder.start(1000);
  const end = async () => {
    clearInterval(beat);
    const length = seconds();
    if (recorder.state !== 'inactive') recorder.stop();
    await over;
    for (const track of stream.getTracks()) track.stop();
    return length;
  };
  return {
    async stop() {
      const length = await end();
      return { file: new Blob(pieces, { type: recorder.mimeType || type }), seconds: length };
    },
    cancel: end,
  };
}

let playing = null;

/** A player of a sound whose address comes as a promise. `seconds` where they are known before; `onGone` is called when
 * it cannot be had. */
export function player(source, seconds, name, onGone) {
  const audio = new Audio();
  audio.preload = 'metadata';
  const button = el('button', { type: 'button', class: 'play', 'aria-label': `Ouvir: ${name}` }, svg(PLAY));
  const done = el('i');
  const track = el('span', { class: 'track', 'aria-hidden': 'true' }, done);
  const left = el('span', { class: 'length' }, seconds ? clock(seconds) : '');
  // A recording of a browser does not know its own length.
  const length = () => (Number.isFinite(audio.duration) && audio.duration > 0 ? audio.duration : seconds || 0);
  const show = () => {
    const share = length() ? Math.min(1, audio.currentTime / length()) : 0;
    done.style.setProperty('width', `${share * 100}%`);
    left.textContent = length() ? clock(audio.paused && !audio.currentTime ? length() : audio.currentTime) : '';
  };
  const face = () => {
    button.replaceChildren(svg(audio.paused ? PLAY : PAUSE));
    button.setAttribute('aria-label', `${audio.paused ? 'Ouvir' : 'Pausar'}: ${name}`);
    show();
  };
  for (const event of ['timeupdate', 'loadedmetadata', 'durationchange']) audio.addEventListener(event, show);
  audio.addEventListener('play', face);
  audio.addEventListener('pause', face);
  audio.addEventListener('ended', () => { audio.currentTime = 0; face(); });
  audio.addEventListener('error', onGone);
  button.addEventListener('click', () => {
    if (!audio.paused) { audio.pause(); return; }
    if (playing && playing !== audio) playing.pause();
    playing = audio;
    audio.play().catch((error) => { if (error.name !== 'AbortError') onGone(); });
  });
  track.addEventListener('click', (event) => {
    if (length()) audio.currentTime = length() * (event.offsetX / track.clientWidth);
  });
  source.then((address) => { audio.src = address; }, onGone);
  return el('div', { class: 'sound' }, button, track, left);
}
