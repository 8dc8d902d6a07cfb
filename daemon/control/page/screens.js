// One screen at a time on a small phone.

/** Show the shops, the conversation or what is behind it. */
export function view(name) {
  document.body.dataset.view = name;
  for (const tab of document.querySelectorAll('.tabs button')) {
    if (tab.dataset.to === name) tab.setAttribute('aria-current', 'page');
    else tab.removeAttribute('aria-current');
  }
}

for (const tab of document.querySelectorAll('.tabs button')) tab.addEventListener('click', () => view(tab.dataset.to));
document.querySelector('#back').addEventListener('click', () => view('side'));
document.querySelector('#open-behind').addEventListener('click', () => view('behind'));
