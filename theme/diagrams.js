// Draws the diagrams of a page in its theme, again when the theme changes, and in light colours for paper.
'use strict';

(() => {
    const dark = ['ayu', 'coal', 'navy'];
    const root = document.documentElement;
    // mermaid measures its labels: it needs the font they will be shown in.
    const fontFamily = getComputedStyle(document.body).fontFamily;
    // Labels of arrows that can be read: mermaid's own are grey on grey.
    const colours = { dark: { edgeLabelBackground: '#20242c' }, default: { edgeLabelBackground: '#f4f5f7' } };
    const theme = () => (dark.some(name => root.classList.contains(name)) ? 'dark' : 'default');
    const diagrams = Array.from(document.querySelectorAll('pre.mermaid'), (box, number) => ({
        box,
        number,
        source: box.textContent,
        caption: box.closest('figure')?.querySelector('figcaption')?.textContent ?? '',
        drawn: {},
    }));

    async function draw(diagram, theme) {
        const id = `diagram-${diagram.number}-${theme}`;
        mermaid.initialize({ startOnLoad: false, theme, fontFamily, themeVariables: colours[theme] });
        const { svg } = await mermaid.render(id, diagram.source);
        const picture = document.createElement('div');
        picture.className = theme === 'dark' ? 'on-dark' : 'on-light';
        picture.innerHTML = svg;
        const drawing = picture.firstElementChild;
        drawing.setAttribute('role', 'img');
        drawing.setAttribute('aria-label', diagram.caption);
        // On a phone a wide diagram keeps its size and scrolls; a small one is not blown up.
        drawing.style.setProperty('--natural-width', drawing.style.maxWidth);
        return picture;
    }

    // One at a time: mermaid's configuration is global.
    async function show() {
        for (const diagram of diagrams) {
            for (const wanted of new Set([theme(), 'default'])) {
                diagram.drawn[wanted] ??= await draw(diagram, wanted);
            }
            diagram.box.replaceChildren(...Object.values(diagram.drawn));
            diagram.box.classList.add('drawn');
        }
    }

    let done = show();
    new MutationObserver(() => {
        done = done.then(show);
    }).observe(root, { attributeFilter: ['class'] });

    // The page that prints the whole book asks for it as soon as it has loaded.
    const print = window.print.bind(window);
    window.print = () => done.then(print);
})();
