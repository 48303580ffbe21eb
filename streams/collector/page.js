// The page's side of the collector. A shop puts this into its pages:
//
//   <script>window.aa = window.aa || function () { (aa.q = aa.q || []).push(arguments) }</script>
//   <script async src="https://collect.shop.example/v1/page.js"></script>
//
// It tells page.viewed when a page is shown, also by history.pushState, and whatever else the page
// says: aa('cart.item_added', {products: [{sku: 'MUG-BLUE', price_minor: 1290, quantity: 1}]}).
// With data-privacy="respect" on its tag it says nothing of visitors who ask so (Global Privacy
// Control, Do Not Track); without, the collector hears the same wish and keeps no visitor.
// aa('consent', 'denied') forgets what waits, has the collector take its cookie back, and says
// nothing on this and later pages until aa('consent', 'granted').
//
// An event waits in localStorage until the collector has answered that it is kept. fetch hears that
// answer, so it comes first; sendBeacon, which hears none, has the last word of a page that goes
// away. What was not answered is said again on the next page: with the id it has had all along.
// Where localStorage is full or forbidden, events wait in memory for as long as the page is there.
// What is lost all the same (a day old, pushed out, too large, refused) the console says, and the
// collector is told how many. Of a kept event with a bad detail the console says what became of it.
(function () {
  'use strict';
  var w = window, d = document, n = navigator, tag = d.currentScript,
    calls = w.aa && w.aa.q || [], url = new URL('beacon', tag.src).href,
    kept = [], isFull = false, flying = [], most = 20, here, from = d.referrer,
    lost = {}, VIEW = 'page.viewed', place = location, wish, isUnseen,
    omit = (list, gone) => list.filter(e => gone.indexOf(e.id) < 0),
    ids = list => list.map(e => e.id),
    bytes = batch => new Blob([body(batch)]).size,
    // A place on the page is no page, unless the shop routes by it.
    page = url => url.replace(/#(?![/!]).*/, ''),
    newId = () => crypto.getRandomValues(new Uint8Array(16)).reduce(
      (id, b) => id + (b + 256).toString(16).slice(1), ''
    );

  // A tag twice in a page counts once.
  if (w.aa_runs) return;
  w.aa_runs = true;

  if (tag.dataset.privacy === 'respect' && (n.globalPrivacyControl || n.doNotTrack === '1')) {
    return w.aa = () => {};
  }

  // Whatever else may lie under our key.
  function unsent() {
    if (isFull) return kept;
    try {
      var list = JSON.parse(localStorage.aa_unsent || 0);
      return Array.isArray(list) ? list : [];
    } catch (e) {
      return kept;
    }
  }

  function lose(kind, count, why) {
    if (count < 1) return;
    lost[kind] = (lost[kind] || 0) + count;
    console.error('aa lost', count, kind, why || '');
  }

  // For a day; the oldest give way when a long outage of the collector fills half a megabyte.
  function keep(list) {
    var text, count;
    kept = list.filter(e => e && Date.now() - e.at < 864e5);
    lose('old', list.length - kept.length);
    count = kept.length;
    while ((text = JSON.stringify(kept)).length > 5e5) kept.shift();
    lose('full', count - kept.length);
    try {
      localStorage.aa_unsent = text;
      isFull = false;
    } catch (e) {
      isFull = true;
    }
  }

  // For the pages to come, or where nothing can be kept, for this one.
  function isDenied(choice) {
    wish = choice || wish;
    try {
      if (choice) localStorage.aa_consent = choice;
      wish = localStorage.aa_consent || wish;
    } catch (e) {}
    return wish === 'denied';
  }

  // Whatever is not granted is denied.
  function consent(choice) {
    var before = isDenied();
    if (!isDenied(choice === 'granted' ? choice : 'denied')) isUnseen && add(VIEW);
    else if (!before) {
      keep([]);
      lost = {};
      say('consent.denied');
    }
  }

  function add(type, data) {
    if (type === 'consent') return consent(data);
    if (isDenied()) {
      isUnseen = isUnseen || type === VIEW;
      return send();
    }
    isUnseen = false;
    say(type, Object.assign({ page: { url: here, title: d.title, referrer: from } }, data));
  }

  // No more than 64 KB go out of a page that may end.
  function say(type, data) {
    var said = { id: newId(), type, at: Date.now(), data };
    try {
      if (bytes([said]) > 6e4) throw '60,000 bytes';
    } catch (why) {
      return lose('large', 1, type + ': ' + why);
    }
    keep(unsent().concat(said));
    send();
  }

  function body(batch) {
    var list = batch.map(e => Object.assign({ age: Math.max(0, Date.now() - e.at) }, e));
    return JSON.stringify(Object.keys(lost).length ? list.concat({ lost }) : list);
  }

  // What the collector says of single events; a 400 that names none is said of all.
  function heard(answer, sent) {
    answer.json().catch(() => ({})).then(said => {
      (said.warnings || []).forEach(w => console.warn('aa', (sent[w.index] || {}).type, w.warnings));
      if (said.refused) said.refused.forEach(r =>
        sent[r.index] && lose('refused', 1, sent[r.index].type + ': ' + r.reasons)
      );
      else if (answer.status === 400) lose('refused', sent.length, said.error);
    });
  }

  function next() {
    var batch = omit(unsent(), flying).slice(0, most);
    while (batch.length > 1 && bytes(batch) > 2e4) batch.pop();
    return batch;
  }

  // One at a time: the first answer brings the cookie that the second request shows.
  function send() {
    var batch = next();
    if (flying.length || !batch.length) return;
    flying = ids(batch);
    var text = body(batch), told = lost;
    lost = {};
    // A loss is told once, and again if nobody heard it.
    function unheard() {
      for (var why in told) lost[why] = (lost[why] || 0) + told[why];
    }
    fetch(url, {
      method: 'POST', body: text, credentials: 'include', keepalive: true
    }).then(answer => {
      var status = answer.status, count = flying.length;
      // What was refused would be refused again.
      if (/202|207|400/.test(status)) {
        keep(omit(unsent(), flying));
        heard(answer, batch);
      } else {
        unheard();
        if (status !== 413) return later();
        // Too long for somebody on the way: half of it is tried, and one that is too long is let go.
        if (count > 1) most = count >> 1;
        else {
          keep(omit(unsent(), flying));
          lose('refused', count, status);
        }
      }
      flying = [];
      send();
    }, () => {
      unheard();
      later();
    });
  }

  // No room, or nobody there: the others have their turn first.
  function later() {
    var rest = omit(unsent(), flying);
    keep(rest.concat(omit(unsent(), ids(rest))));
    flying = [];
  }

  function last() {
    var batch = next();
    if ((batch.length || Object.keys(lost).length) && n.sendBeacon(url, body(batch))) lost = {};
  }

  // A page names itself a moment after it moved.
  function moved() {
    if (page(place.href) === page(here)) return;
    var to = { url: place.href, referrer: here };
    from = here;
    here = to.url;
    setTimeout(() => {
      to.title = d.title;
      add(VIEW, { page: to });
    }, 50);
  }

  function start() {
    here = place.href;
    w.aa = add;
    // What the visitor wants comes before anything is said of him.
    [[VIEW]].concat(calls).sort((a, b) => (b[0] === 'consent') - (a[0] === 'consent'))
      .forEach(call => add(call[0], call[1]));
    var push = history.pushState;
    history.pushState = function () {
      push.apply(history, arguments);
      moved();
    };
    addEventListener('popstate', moved);
    addEventListener('pageshow', e => e.persisted && add(VIEW));
    addEventListener('pagehide', last);
    d.addEventListener('visibilitychange', () => d.hidden && last());
  }

  if (d.prerendering) d.addEventListener('prerenderingchange', start, { once: true });
  else start();
})();
