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
// Where localStorage is full or forbidden, events wait in memory for as long as the page is there.
// What is lost all the same (a day old, pushed out, too large, refused) the console says, and the
// collector is told how many. Of a kept event with a bad detail the console says what became of it.
(function () {
  'use strict';
  var w = window, d = document, n = navigator, tag = d.currentScript, KEY = 'aa_unsent';
  var calls = (w.aa && w.aa.q) || [], url = new URL('beacon', tag.src).href;
  var memory = [], isFull = false, flying = [], most = 20, here, from = d.referrer;
  var lost = {};

  // A tag twice in a page counts once.
  if (w.aa_runs) return;
  w.aa_runs = true;

  if (tag.getAttribute('data-privacy') === 'respect' && (n.globalPrivacyControl || n.doNotTrack === '1')) {
    w.aa = function () {};
    return;
  }

  // Whatever else may lie under our key.
  function unsent() {
    if (isFull) return memory;
    try {
      var list = JSON.parse(localStorage.getItem(KEY));
      return Array.isArray(list) ? list : [];
    } catch (e) {
      return memory;
    }
  }

  function lose(reason, count, why) {
    if (count < 1) return;
    lost[reason] = (lost[reason] || 0) + count;
    console.error('aa lost', count, reason, why || '');
  }

  // For a day; the oldest give way when a long outage of the collector fills half a megabyte.
  function keep(list) {
    var text, count;
    memory = list.filter(e => e && Date.now() - e.at < 864e5);
    lose('old', list.length - memory.length);
    count = memory.length;
    while ((text = JSON.stringify(memory)).length > 5e5) memory.shift();
    lose('full', count - memory.length);
    try {
      localStorage.setItem(KEY, text);
      isFull = false;
    } catch (e) {
      isFull = true;
    }
  }

  function without(list, some) {
    return list.filter(e => some.indexOf(e.id) < 0);
  }

  function ids(list) {
    return list.map(e => e.id);
  }

  // randomUUID is for secure pages only.
  function newId() {
    if (w.crypto && crypto.randomUUID) return crypto.randomUUID();
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), b => (
      (b + 256).toString(16).slice(1)
    )).join('');
  }

  // No more than 64 KB go out of a page that may end.
  function add(type, data) {
    var said = {
      id: newId(), type: type, at: Date.now(),
      data: Object.assign({ page: { url: here, title: d.title, referrer: from } }, data)
    };
    try {
      if (bytes([said]) > 6e4) throw 'more than 60,000 bytes';
    } catch (why) {
      return lose('large', 1, type + ': ' + why);
    }
    keep(unsent().concat(said));
    send();
  }

  function body(events) {
    var list = events.map(e => (
      { id: e.id, type: e.type, at: e.at, age: Math.max(0, Date.now() - e.at), data: e.data }
    ));
    return JSON.stringify(Object.keys(lost).length ? list.concat({ lost: lost }) : list);
  }

  // What the collector says of single events; a 400 that names none is said of all.
  function heard(answer, sent) {
    answer.json().catch(() => ({})).then(function (said) {
      (said.warnings || []).forEach(w => console.warn('aa', (sent[w.index] || {}).type, w.warnings));
      if (said.refused) said.refused.forEach(r => (
        sent[r.index] && lose('refused', 1, sent[r.index].type + ': ' + r.reasons)
      ));
      else if (answer.status === 400) lose('refused', sent.length, said.error);
    });
  }

  function bytes(events) {
    return new Blob([body(events)]).size;
  }

  function next() {
    var events = without(unsent(), flying).slice(0, most);
    while (events.length > 1 && bytes(events) > 2e4) events.pop();
    return events;
  }

  // One at a time: the first answer brings the cookie that the second request shows.
  function send() {
    var events = next();
    if (flying.length || !events.length) return;
    if (!w.fetch) return last();
    flying = ids(events);
    var text = body(events), toldLost = lost;
    lost = {};
    // A loss is told once, and again if nobody heard it.
    function unheard() {
      for (var why in toldLost) lost[why] = (lost[why] || 0) + toldLost[why];
    }
    fetch(url, {
      method: 'POST', body: text, mode: 'cors', credentials: 'include', keepalive: true
    }).then(function (answer) {
      var status = answer.status, count = flying.length;
      if ([202, 207, 400].indexOf(status) < 0) unheard();
      // Too long for somebody on the way: half of it is tried, and one that is too long is let go.
      if (status === 413 && count > 1) most = count >> 1;
      // What was refused would be refused again.
      else if ([202, 207, 400, 413].indexOf(status) >= 0) {
        keep(without(unsent(), flying));
        if (status === 413) lose('refused', count, status);
        else heard(answer, events);
      }
      else return later();
      flying = [];
      send();
    }, function () {
      unheard();
      later();
    });
  }

  // No room, or nobody there: the others have their turn first.
  function later() {
    var rest = without(unsent(), flying);
    keep(rest.concat(without(unsent(), ids(rest))));
    flying = [];
  }

  function last() {
    var events = next();
    if ((events.length || Object.keys(lost).length) && n.sendBeacon(url, body(events))) lost = {};
  }

  // A place on the page is no page, unless the shop routes by it.
  function page(url) {
    return url.replace(/#(?![/!]).*/, '');
  }

  // A page names itself a moment after it moved.
  function moved() {
    if (page(location.href) === page(here)) return;
    var to = { url: location.href, referrer: here };
    from = here;
    here = to.url;
    setTimeout(function () {
      to.title = d.title;
      add('page.viewed', { page: to });
    }, 50);
  }

  function start() {
    here = location.href;
    add('page.viewed');
    w.aa = add;
    calls.forEach(call => add(call[0], call[1]));
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
