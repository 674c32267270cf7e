/// How a report looks: by day, by night and on paper, on wide screens and on narrow ones.
enum ReportStyle {
    // Without the characters that are escaped in text: inside of a style element browsers do not undo that.
    static let css = """

        :root {
          --paper: #ffffff; --text: #1b1b1b; --soft: #595959; --rule: #dddddd; --grey: #767676;
          --blue: #0072b2; --orange: #c77700; --green: #007a5a; --vermilion: #d55e00; --purple: #a8588a;
        }
        @media screen and (prefers-color-scheme: dark) {
          :root {
            --paper: #16181c; --text: #ececec; --soft: #b4b4b4; --rule: #3a3d42; --grey: #9a9a9a;
            --blue: #56b4e9; --orange: #e69f00; --green: #1fc094; --vermilion: #ff8a3d; --purple: #dd9cc0;
          }
        }
        body { margin: 0; background: var(--paper); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
        main { max-width: 760px; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
        h1 { font-size: 1.7rem; line-height: 1.2; }
        h2 { font-size: 1.25rem; margin-top: 2.5rem; border-top: 1px solid var(--rule); padding-top: 1.25rem; }
        p { max-width: 68ch; overflow-wrap: anywhere; }
        figure { margin: 1.5rem 0; }
        figcaption { font-weight: 600; margin-bottom: .5rem; }
        .nothing { color: var(--soft); }
        .plot, .table { overflow-x: auto; }
        svg { display: block; width: 100%; min-width: 540px; height: auto; font: 12px system-ui, sans-serif; }
        svg text { fill: var(--text); }
        svg .tick { fill: var(--soft); font-variant-numeric: tabular-nums; }
        svg .strong { font-weight: 700; }
        svg .label { paint-order: stroke; stroke: var(--paper); stroke-width: 3px; stroke-linejoin: round; }
        .grid { stroke: var(--rule); stroke-width: 1; }
        .leader { stroke: var(--soft); stroke-width: .75; }
        .base { stroke: var(--soft); stroke-width: 1; }
        .line { fill: none; stroke: var(--ink); stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
        .bar { fill: var(--ink); stroke: var(--ink); stroke-width: 1; }
        .pale { fill-opacity: .3; }
        .point { fill: var(--ink); stroke: var(--paper); stroke-width: 1.5; paint-order: stroke; }
        .ring { fill: none; stroke: var(--text); stroke-width: 1.5; }
        .text { --ink: var(--text); } .grey { --ink: var(--grey); } .blue { --ink: var(--blue); }
        .orange { --ink: var(--orange); } .green { --ink: var(--green); } .vermilion { --ink: var(--vermilion); }
        .purple { --ink: var(--purple); }
        summary { cursor: pointer; color: var(--soft); }
        table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; margin: .5rem 0; }
        th, td { padding: .2rem .75rem .2rem 0; text-align: right; border-bottom: 1px solid var(--rule); white-space: nowrap; }
        thead th { vertical-align: bottom; white-space: normal; min-width: 4.5rem; }
        th { font-weight: 600; }
        th:first-child { text-align: left; }
        tbody th { font-weight: 400; }
        @media print {
          body { font-size: 10.5pt; }
          main { max-width: none; padding: 0; }
          .plot, h2, tr { break-inside: avoid; }
          h2, figcaption { break-after: avoid; }
          .plot, .table { overflow: visible; }
          svg { min-width: 0; }
          summary { display: none; }
          details::details-content { content-visibility: visible; block-size: auto; }
        }

        """
}
