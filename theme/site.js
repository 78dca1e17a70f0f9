// What the book adds to mdBook's own script. Every page works without it.
'use strict';

// The language switch keeps the section: the one in the address, or the one being read.
(() => {
    const section = () => {
        if (location.hash) {
            return location.hash;
        }
        if (scrollY < innerHeight / 3) {
            return '';
        }
        const headings = Array.from(document.querySelectorAll('main :is(h2, h3, h4)[id]'));
        const read = headings.findLast(heading => heading.getBoundingClientRect().top < innerHeight / 3);
        return read ? `#${read.id}` : '';
    };
    for (const link of document.querySelectorAll('a.language')) {
        link.addEventListener('click', () => {
            link.hash = section();
        });
    }
})();

// The button of the sidebar is a label; a keyboard does not reach labels.
(() => {
    const toggle = document.getElementById('mdbook-sidebar-toggle');
    toggle.addEventListener('keydown', event => {
        if (event.key === 'Enter' || event.key === ' ') {
            event.preventDefault();
            toggle.click();
        }
    });
})();

// What scrolls sideways can be reached with the keyboard.
(() => {
    const boxes = document.querySelectorAll('main pre > code, main .table-wrapper, main pre.mermaid');
    const update = () => {
        for (const box of boxes) {
            if (box.scrollWidth > box.clientWidth) {
                box.tabIndex = 0;
            } else {
                box.removeAttribute('tabindex');
            }
        }
    };
    addEventListener('resize', update, { passive: true });
    update();
})();
