// The page's side of the collector. A shop puts this into its pages:
//
//   <script>window.aa = window.aa || function () { (aa.q = aa.q || []).push(arguments) }</script>
//   <script async src="https://collect.shop.example/v1/page.js"></script>
//
// It tells page.viewed when a page is shown, also by history.pushState, and whatever else the page
// says: aa('cart.item_added', {products: [{sku: 'MUG-BLUE', price_minor: 1290, quantity: 1}]}).
// With data-privacy="respect" on its tag it says nothing of visitors who ask so (Global Privacy
// Control, Do Not Track).
//
// An event waits in localStorage until the collector has answered that it is kept. fetch hears that
// answer, so it comes first; sendBeacon, which hears none, has the last word of a page that goes
// away. What was not answered is said again on the next page: with the id it has had all along.
(function () {
  'use strict';
  var w = window, d = document, n = navigator, tag = d.currentScript, KEY = 'aa_unsent';
  var calls = (w.aa && w.aa.q) || [], url = new URL('beacon', tag.src).href;
  var memory = [], flying = [], here, from = d.referrer;

  if (tag.getAttribute('data-privacy') === 'respect' && (n.globalPrivacyControl || n.doNotTrack === '1')) {
    w.aa = function () {};
    return;
  }

  function unsent() {
    try {
      return JSON.parse(localStorage.getItem(KEY)) || [];
    } catch (e) {
      return memory;
    }
  }

  // The fifty newest, for a day.
  function keep(list) {
    memory = list.filter(function (e) { return Date.now() - e.at < 864e5; }).slice(-50);
    try {
      localStorage.setItem(KEY, JSON.stringify(memory));
    } catch (e) {}
  }

  function without(list, ids) {
    return list.filter(function (e) { return ids.indexOf(e.id) < 0; });
  }

  // randomUUID is for secure pages only.
  function newId() {
    if (w.crypto && crypto.randomUUID) return crypto.randomUUID();
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), function (b) {
      return (b + 256).toString(16).slice(1);
    }).join('');
  }

  function add(type, data) {
    data = Object.assign({ page: { url: here, title: d.title, referrer: from } }, data);
    keep(unsent().concat({ id: newId(), type: type, at: Date.now(), data: data }));
    send();
  }

  function body(events) {
    return JSON.stringify(events.map(function (e) {
      return { id: e.id, type: e.type, age: Math.max(0, Date.now() - e.at), data: e.data };
    }));
  }

  // Browsers let 64 KB go out of a page that may end.
  function next() {
    var events = without(unsent(), flying).slice(0, 20);
    while (events.length > 1 && body(events).length > 2e4) events.pop();
    return events;
  }

  // One at a time: the first answer brings the cookie that the second request shows.
  function send() {
    var events = next();
    if (flying.length || !events.length) return;
    if (!w.fetch) return last();
    flying = events.map(function (e) { return e.id; });
    fetch(url, {
      method: 'POST', body: body(events), mode: 'cors', credentials: 'include', keepalive: true
    }).then(function (answer) {
      var done = flying;
      flying = [];
      // What was refused would be refused again; no room, or too much at once, is another matter.
      if (answer.status < 429) {
        keep(without(unsent(), done));
        send();
      }
    }, function () {
      flying = [];
    });
  }

  function last() {
    var events = next();
    if (events.length) n.sendBeacon(url, body(events));
  }

  // A page names itself a moment after it moved.
  function moved() {
    if (location.href === here) return;
    var page = { url: location.href, referrer: here };
    from = here;
    here = page.url;
    setTimeout(function () {
      page.title = d.title;
      add('page.viewed', { page: page });
    }, 50);
  }

  function start() {
    here = location.href;
    add('page.viewed');
    w.aa = add;
    calls.forEach(function (call) { add(call[0], call[1]); });
    var push = history.pushState;
    history.pushState = function () {
      push.apply(history, arguments);
      moved();
    };
    w.addEventListener('popstate', moved);
    w.addEventListener('pageshow', function (e) { if (e.persisted) add('page.viewed'); });
    w.addEventListener('pagehide', last);
    d.addEventListener('visibilitychange', function () { if (d.hidden) last(); });
  }

  if (d.prerendering) d.addEventListener('prerenderingchange', start, { once: true });
  else start();
})();
