// Search in mdBook's search bar, answered by Pagefind's index. Nothing is loaded before somebody searches.
'use strict';

(() => {
    const words = {
        en: {
            excerpt: 30,
            found: (count, query) => `${count} ${count === 1 ? 'result' : 'results'} for “${query}”`,
            none: query => `Nothing found for “${query}”`,
            broken: 'The search index could not be loaded',
        },
        zh: {
            // Each character counts twice, see below.
            excerpt: 100,
            found: (count, query) => `“${query}”：${count} 条结果`,
            none: query => `没有找到“${query}”`,
            broken: '无法加载搜索索引',
        },
    }[document.documentElement.lang.startsWith('zh') ? 'zh' : 'en'];

    const PAGES = 10;
    const SECTIONS = 3;
    const wrapper = document.getElementById('mdbook-search-wrapper');
    const form = document.getElementById('mdbook-searchbar-outer');
    const input = document.getElementById('mdbook-searchbar');
    const box = document.getElementById('mdbook-searchresults-outer');
    const header = document.getElementById('mdbook-searchresults-header');
    const list = document.getElementById('mdbook-searchresults');
    const toggle = document.getElementById('mdbook-search-toggle');
    const base = new URL(path_to_root || './', document.baseURI);

    let pagefind = null;
    let turn = 0;
    let active = -1;

    // mdBook's own keys stay quiet while this is true.
    window.search = { hasFocus: () => document.activeElement === input };

    function load() {
        pagefind ??= import(new URL('pagefind/pagefind.js', base)).then(async module => {
            await module.options({ excerptLength: words.excerpt });
            return module;
        });
        return pagefind;
    }

    function open() {
        wrapper.classList.remove('hidden');
        toggle.setAttribute('aria-expanded', 'true');
        document.getElementById('mdbook-menu-bar').scrollIntoView({ block: 'nearest' });
        input.focus();
        input.select();
        load().catch(() => {});
    }

    function close() {
        wrapper.classList.add('hidden');
        toggle.setAttribute('aria-expanded', 'false');
        show([], '');
        toggle.focus();
    }

    // The text without the words that only the index has, see ci/site/src/search.rs.
    const visible = text => text
        .replace(/ ?\uE001[^\s.]*/g, '')
        .replace(/ ?\uE000[^\s.]* ?/g, '')
        .replace(/\uE002 ?/g, '')
        .replace(/ (?=[,;、，。；：）])/g, '')
        .replace(/\.? ?· ?/g, ' · ')
        .trim();

    // The index has each pair of neighbouring Chinese characters as one word: 熔断器 is asked for as 熔断 and 断器.
    const han = /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{3ffff}]+/gu;
    const code = character => `h${character.codePointAt(0).toString(16)}`;
    // A name with a hyphen is one word there too; a path is many.
    const words_of = query => query.replace(/(?<=\w)-(?=\w)/g, '').replace(/::|[()<>{},/]/g, ' ');
    const coded = query => words_of(query).replace(han, run => {
        const codes = Array.from(run, code);
        const pairs = codes.slice(1).map((next, at) => codes[at] + next);
        return ` ${(pairs.length ? pairs : codes).join(' ')} `;
    });

    const terms = query => query.replace(/"/g, ' ').trim().split(/\s+/).filter(Boolean);

    function pattern(query) {
        const literal = terms(query).sort((a, b) => b.length - a.length).map(term => RegExp.escape?.(term)
            ?? term.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&'));
        return literal.length ? new RegExp(literal.join('|'), 'giu') : null;
    }

    // `text` with what `query` asked for in <mark>.
    function marked(text, query) {
        const fragment = document.createDocumentFragment();
        const wanted = pattern(query);
        let end = 0;
        for (const match of wanted ? text.matchAll(wanted) : []) {
            const mark = document.createElement('mark');
            mark.textContent = match[0];
            fragment.append(text.slice(end, match.index), mark);
            end = match.index + match[0].length;
        }
        fragment.append(text.slice(end));
        return fragment;
    }

    function option(result, query, index) {
        const item = document.createElement('li');
        item.role = 'none';
        const link = document.createElement('a');
        link.role = 'option';
        link.id = `search-result-${index}`;
        link.tabIndex = -1;
        link.setAttribute('aria-selected', 'false');
        const url = new URL(result.url, location.href);
        url.searchParams.set('highlight', query);
        link.href = url;
        const title = document.createElement('span');
        title.className = 'result-title';
        title.append(marked(result.title, query));
        const page = document.createElement('span');
        page.className = 'result-page';
        page.textContent = result.page;
        const excerpt = document.createElement('span');
        excerpt.className = 'result-excerpt';
        excerpt.append(marked(result.excerpt, query));
        link.append(title, page, excerpt);
        item.append(link);
        return item;
    }

    function show(results, query, message = '') {
        active = -1;
        input.removeAttribute('aria-activedescendant');
        input.setAttribute('aria-expanded', String(results.length > 0));
        header.textContent = message;
        list.replaceChildren(...results.map((result, index) => option(result, query, index)));
        box.classList.toggle('hidden', !message);
    }

    function select(index) {
        const options = list.querySelectorAll('[role=option]');
        if (!options.length) {
            return;
        }
        options[active]?.setAttribute('aria-selected', 'false');
        active = (index + options.length) % options.length;
        options[active].setAttribute('aria-selected', 'true');
        options[active].scrollIntoView({ block: 'nearest' });
        input.setAttribute('aria-activedescendant', options[active].id);
    }

    // The sections of a page in which something was found; the page itself when that was above its first section.
    function sections(data) {
        const page = visible(data.meta.title ?? '');
        return data.sub_results.slice(0, SECTIONS).map(section => ({
            url: section.url,
            title: visible(section.title),
            page,
            excerpt: visible(plain(section)),
        }));
    }

    function plain(section) {
        const holder = document.createElement('template');
        holder.innerHTML = section.excerpt;
        return holder.content.textContent;
    }

    async function search() {
        const query = input.value.trim();
        const mine = ++turn;
        if (!query) {
            show([], '');
            return;
        }
        try {
            const index = await load();
            const found = await index.search(coded(query));
            const pages = await Promise.all(found.results.slice(0, PAGES).map(result => result.data()));
            if (mine !== turn) {
                return;
            }
            const results = pages.flatMap(sections);
            show(results, query, results.length ? words.found(results.length, query) : words.none(query));
        } catch {
            if (mine === turn) {
                pagefind = null;
                show([], query, words.broken);
            }
        }
    }

    let waiting = 0;
    input.addEventListener('input', () => {
        clearTimeout(waiting);
        waiting = setTimeout(search, 120);
    });
    form.addEventListener('submit', event => event.preventDefault());
    toggle.addEventListener('click', () => (wrapper.classList.contains('hidden') ? open() : close()));

    input.addEventListener('keydown', event => {
        if (event.isComposing) {
            return;
        }
        const options = list.querySelectorAll('[role=option]');
        const actions = {
            ArrowDown: () => select(active + 1),
            ArrowUp: () => select(active < 0 ? -1 : active - 1),
            Enter: () => options[Math.max(active, 0)]?.click(),
            Escape: close,
        };
        if (actions[event.key]) {
            event.preventDefault();
            event.stopPropagation();
            actions[event.key]();
        }
    });

    document.addEventListener('keydown', event => {
        const typing = event.target.closest?.('input, select, textarea, [contenteditable]');
        if (typing || event.altKey || event.ctrlKey || event.metaKey || event.isComposing) {
            return;
        }
        if (event.key === '/' || event.key === 's' || event.key === 'S') {
            event.preventDefault();
            open();
        }
    });

    // On arrival from a result.
    (() => {
        const query = new URLSearchParams(location.search).get('highlight');
        const wanted = query && pattern(query);
        if (!wanted) {
            return;
        }
        const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
        const texts = [];
        while (walker.nextNode()) {
            const text = walker.currentNode;
            if (!text.parentElement.closest('svg, pre.mermaid, script, style') && text.data.search(wanted) >= 0) {
                texts.push(text);
            }
        }
        for (const text of texts) {
            text.replaceWith(marked(text.data, query));
        }
    })();
})();
