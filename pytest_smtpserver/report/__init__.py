"""The mail of a run for people to look at: one HTML file, or a folder of `.eml` files.

Like `inbox`, which shows the same views live, it reads only records; it knows nothing of servers.
Nothing here is imported in a run without the options.

* `entry`: what is shown of one message or refused attempt, as plain, bounded values
* `spool`: entries on disk until the end of the run, one file for each process
* `pages`: templates, style sheet, script and the policy of the page
* `files`: the one HTML file of a run, and a folder for each test, with its messages as `.eml` files
"""
