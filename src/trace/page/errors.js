'use strict';
// What goes wrong in this page is said in it: a page that only looks empty would mislead.

const problems = [];

function tellProblem(text) {
  problems.push(text);
  showProblems();
}

function showProblems() {
  const place = document.getElementById('problems');
  if (place === null || problems.length === 0) return;
  place.hidden = false;
  place.textContent = 'This page is not complete: ' + problems.slice(0, 5).join('; ');
}

window.addEventListener('error', (event) => tellProblem(event.message || 'a part did not load'), true);
window.addEventListener('unhandledrejection', (event) => tellProblem(String(event.reason)));
document.addEventListener('securitypolicyviolation', (event) => {
  tellProblem('refused by policy: ' + event.violatedDirective + ' ' + event.blockedURI);
});
