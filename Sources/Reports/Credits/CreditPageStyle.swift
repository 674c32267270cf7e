/// How the page of credits looks.
enum CreditPageStyle {
    static let sheet = """
        :root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --dim: #5b6470; --rule: #d9dee4; --room: #eef1f4;
          --theirs: #1f6feb; --ours: #c2560c; }
        @media (prefers-color-scheme: dark) { :root { --paper: #12161b; --ink: #e6eaef; --dim: #9aa4b0; --rule: #323a44;
          --room: #222931; --theirs: #6ea8fe; --ours: #f0944d; } }
        * { box-sizing: border-box; }
        body { margin: 0 auto; max-width: 72rem; padding: 1.5rem; background: var(--paper); color: var(--ink);
          font: .95rem/1.45 system-ui, sans-serif; font-variant-numeric: tabular-nums; }
        h1 { margin: 0; font-size: 1.7rem; overflow-wrap: anywhere; }
        h2 { margin: 0 0 .2rem; font-size: 1.15rem; }
        p { margin: 0 0 .8rem; color: var(--dim); max-width: 46rem; }
        section { margin-top: 2rem; }
        footer { margin-top: 2.5rem; border-top: 1px solid var(--rule); padding-top: .6rem; font-size: .85rem; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .8rem; margin: 1rem 0 0; }
        .tiles div { border: 1px solid var(--rule); border-radius: 6px; padding: .6rem .8rem; }
        .tiles dt { color: var(--dim); font-size: .85rem; }
        .tiles dd { margin: 0; font-size: 1.3rem; }
        .tiles small { display: block; color: var(--dim); font-size: .8rem; }
        .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 1.2rem 1.6rem; }
        figure { margin: 0; }
        figure:only-child { grid-column: 1 / -1; }
        figcaption { display: flex; justify-content: space-between; gap: 1rem; padding-left: 3.4rem; overflow-wrap: anywhere; }
        figcaption b { white-space: nowrap; }
        .chart { position: relative; padding: .6rem 0 1.3rem 3.4rem; }
        .chart > svg { display: block; width: 100%; height: 8rem; border-bottom: 1px solid var(--rule); overflow: visible; }
        figure:only-child .chart > svg { height: 14rem; }
        .scale { position: absolute; left: 0; top: .6rem; width: 3rem; height: calc(100% - 1.9rem); }
        .scale span, .times span { position: absolute; font-size: .75rem; color: var(--dim); white-space: nowrap; }
        .scale span { right: 0; transform: translateY(-50%); }
        .times { position: absolute; left: 3.4rem; right: 0; bottom: 0; height: 1.2rem; }
        .times span { transform: translateX(-50%); }
        path { vector-effect: non-scaling-stroke; }
        .grid, .zero { stroke: var(--rule); stroke-width: 1; }
        .zero { stroke: var(--dim); }
        .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
        .area { opacity: .18; }
        .theirs .line { stroke: var(--theirs); } .theirs .area, .theirs .fill { fill: var(--theirs); }
        .ours .line { stroke: var(--ours); } .ours .area, .ours .fill { fill: var(--ours); }
        .bar { display: block; width: 100%; height: .8rem; }
        .bar .room { fill: var(--room); }
        .theirs .reserved { fill: var(--theirs); opacity: .45; } .ours .reserved { fill: var(--ours); opacity: .45; }
        .flow { display: grid; grid-template-columns: minmax(4rem, 9rem) 6.5rem 1fr 1fr 6.5rem; gap: .1rem .6rem;
          align-items: center; padding: .2rem 0; }
        .flow svg + svg { margin-left: -.6rem; width: calc(100% + .6rem); }
        .flow.head { color: var(--dim); font-size: .85rem; }
        .name { overflow-wrap: anywhere; }
        .value.out { text-align: right; }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; }
        th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
        th { color: var(--dim); font-weight: 500; font-size: .85rem; white-space: nowrap; }
        th.number, td.number { text-align: right; white-space: nowrap; padding-right: 1.6rem; }
        th.number:last-child, td.number:last-child { padding-right: 0; }
        td.time { white-space: nowrap; }
        td.wide { min-width: 12rem; padding-top: .65rem; }
        .words { display: block; font-size: .85rem; color: var(--dim); }
        code { font: .8rem ui-monospace, monospace; color: var(--dim); }
        .hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
        @media (max-width: 40rem) { body { padding: 1rem; } .id { display: none; }
          th.number, td.number { padding-right: .8rem; } td.wide { min-width: 8rem; }
          .flow { grid-template-columns: 1fr 1fr; } .flow .name { grid-column: 1 / -1; }
          .flow .value { order: 1; } .flow .value.out { text-align: left; } .flow .value:last-child { text-align: right; }
          .flow svg { order: 2; } .flow.head span:empty { display: none; } .flow.head .name { display: none; } }
        @media print { :root { color-scheme: light; --paper: #fff; --ink: #000; --dim: #444; --rule: #bbb; --room: #eee;
          --theirs: #1f6feb; --ours: #c2560c; }
          html { font-size: 11px; } body { padding: 0; max-width: none; print-color-adjust: exact; } .scroll { overflow: visible; }
          p, figure, .flow, tr, .tiles { break-inside: avoid; } h2, h2 + p { break-after: avoid; } .chart > svg { height: 7rem; } }

        """
}
