"""Walks through the console in a headless Chromium: from an empty server to a search result, and out again.

usage: console_walk.py < walk.json

The object on standard input has: console (the server's URL), key (an API key), wrongKey, moto (its URL), scenario (the
script that puts things into it), account, bucket, javascript (whether pages may use it), screenshots (a directory, or
empty). The bucket's objects must be those that `main` looks for. Fails with a traceback.
"""

import base64
import json
import os
import subprocess
import sys
import time

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

walk = json.load(sys.stdin)
console = walk["console"]


def browser():
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in ["headless=new", "no-sandbox", "disable-dev-shm-usage", "disable-gpu", "window-size=1280,900",
                     "force-prefers-reduced-motion"]:
        options.add_argument(f"--{argument}")
    if not walk["javascript"]:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))


driver = browser()
seen = set()


def one(selector):
    return driver.find_element(By.CSS_SELECTOR, selector)


def texts(selector):
    return [element.text for element in driver.find_elements(By.CSS_SELECTOR, selector)]


def wait(what, condition, seconds=120):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except Exception:  # The page is just being replaced.
            pass
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}; the page is:\n{one('body').text}")


def heading(text):
    wait(f"the heading {text!r}", lambda: text in one("h1").text)
    look(text)


def click(text):
    """The link or button with this text."""
    elements = [
        element
        for element in driver.find_elements(By.CSS_SELECTOR, "a, button, summary")
        if element.is_displayed() and element.text.strip() == text
    ]
    assert elements, f"nothing to click says {text!r}; the page is:\n{one('body').text}"
    elements[0].click()


def fill(name, text):
    field = one(f"#{name}")
    field.clear()
    field.send_keys(text)


def look(name):
    """What holds for every page; each is looked at once."""
    if name in seen:
        return
    seen.add(name)
    problems = driver.execute_script(
        """
        const problems = [];
        if (document.documentElement.lang !== "en") problems.push("no language");
        if (!document.title.endsWith(" – Dredge")) problems.push("no title: " + document.title);
        if (document.querySelectorAll("h1").length !== 1) problems.push("not one h1");
        if (document.querySelectorAll("main").length !== 1) problems.push("not one main");
        for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
          if (!field.labels.length) problems.push("no label: " + field.name);
        for (const form of document.querySelectorAll("form[method=post]"))
          if (!form.querySelector("[name=token]")) problems.push("no token: " + form.action);
        const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
        for (const id of ids) if (ids.filter((other) => other === id).length > 1) problems.push("twice: #" + id);
        for (const element of document.querySelectorAll("[src], link[href]")) {
          const address = new URL(element.src || element.href);
          if (address.origin !== location.origin) problems.push("from elsewhere: " + address);
        }
        return problems;
        """
    )
    assert not problems, f"{name}: {problems}"
    views = [("desktop", 1280, "light"), ("narrow", 375, "light"), ("dark", 1280, "dark"), ("night", 375, "dark")]
    for view, width, scheme in views:
        driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 850, "deviceScaleFactor": 1, "mobile": width < 500})
        driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        wide = driver.execute_script("return document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{name}, {width} px wide: it is {wide} px too wide"
        if walk["screenshots"]:
            picture = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
            name_of_file = "".join(letter if letter.isalnum() else "-" for letter in f"{len(seen):02} {name} {view}")
            with open(os.path.join(walk["screenshots"], f"{name_of_file}.png"), "wb") as file:
                file.write(base64.b64decode(picture["data"]))
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def sign_in():
    driver.get(f"{console}/console/collections")
    heading("Sign in")
    # The first that the keyboard comes to leads over the navigation.
    one("body").send_keys(Keys.TAB)
    assert driver.switch_to.active_element.text == "Skip to the content"
    fill("key", walk["wrongKey"])
    click("Sign in")
    wait("the complaint", lambda: texts("#key-problem") == ["This is no valid key. It may have been revoked."])
    assert one("#key").get_attribute("value") == ""
    look("Sign in with a wrong key")
    fill("key", walk["key"] + Keys.ENTER)
    heading("Collections")
    assert driver.get_cookie("dredge_console")["httpOnly"]
    assert driver.get_cookie("dredge_console")["sameSite"] == "Strict"


def set_up_role():
    click("Overview")
    heading("Overview")
    click("Connect your AWS account")
    heading("AWS")
    click("Make the external ID")
    wait("the external ID", lambda: one("#external-id").text.startswith("cap_org_"))
    fill("bucket", walk["bucket"])
    click("Fill in")
    wait("the bucket in the policy", lambda: walk["bucket"] in one("#permissions").text)
    look("AWS with an external ID")
    trust, permissions = one("#trust").text, one("#permissions").text
    assert one("#external-id").text in trust
    if walk["javascript"]:
        copy = one("[data-copy=trust]")
        copy.click()
        wait("the button's answer", lambda: copy.text in ("Copied", "Selected"))
    else:
        assert not one("[data-copy=trust]").is_displayed()

    # The ARN of something else, then one of a role that is not there yet.
    register = "arn:aws:iam::%s:role/DredgeRead" % walk["account"]
    fill("role_arn", "arn:aws:iam::%s:user/DredgeRead" % walk["account"])
    fill("bucket_name", walk["bucket"])
    click("Register and verify")
    wait("the complaint", lambda: "no role's ARN" in one("#role_arn-problem").text)
    look("AWS with a wrong ARN")
    fill("role_arn", register)
    click("Register and verify")
    heading("Role")
    assert "does not work yet" in one("main").text
    assert "failed" in texts(".steps .badge") and "not reached" not in one("main").text
    make_role("DredgeRead", trust, permissions)
    fill("bucket_region", "us-east-1")
    click("Verify")
    wait("the verdict", lambda: "The role works" in one("main").text)
    assert "failed" not in texts(".steps .badge"), texts(".steps")
    look("Role that works")


def make_role(name, trust, permissions):
    """The customer pastes the documents."""
    role = {"name": name, "trust": trust, "policy": permissions}
    subprocess.run(
        [sys.executable, walk["scenario"], walk["moto"]], check=True, text=True,
        input=json.dumps({"users": [], "roles": [role], "buckets": []}), stdout=subprocess.DEVNULL)


def index():
    click("Index a bucket with it")
    heading("Collections")
    fill("name", "not a name")
    click("Make the collection")
    wait("the complaint", lambda: "letters, digits" in one("#name-problem").text)
    fill("name", "contracts")
    fill("description", "<script>alert('description')</script> & more")
    click("Make the collection")
    heading("contracts")
    assert "<script>alert('description')</script> & more" in one("main").text
    click("Index a bucket")
    heading("Index a bucket")
    assert one("#bucket_name").get_attribute("value") == walk["bucket"]
    click("More")
    fill("metadata", "team: legal")
    fill("max_files", "many")
    click("Begin")
    wait("the complaint", lambda: "whole number" in one("#max_files-problem").text)
    fill("max_files", "")
    click("Begin")
    wait("the job's page", lambda: one("h1").text.startswith("Job "))
    if walk["javascript"]:
        driver.execute_script("window.isSamePage = true")
        look("Job that runs")
    # With scripts the page changes by itself; without them it is loaded again by itself.
    wait("the job's end", lambda: "completed" in one(".status").text)
    if walk["javascript"]:
        wait("the files", lambda: "<script>" in one("#of-files").text)
        assert driver.execute_script("return window.isSamePage === true")
    look("Job that has ended")
    assert any("<script>" in text for text in texts("td")), texts("td")


def search():
    click("To the collection contracts")
    heading("contracts")
    look("Collection with documents")
    click("termination.txt")
    heading("termination.txt")
    assert "bytes 0–" in one(".chunk header").text and "token" in one(".chunk header").text
    driver.back()
    heading("contracts")
    fill("q", "thirty days notice" + Keys.ENTER)
    heading("Search: thirty days notice")
    results = texts(".results .chunk")
    assert results and "termination.txt" in results[0] and "thirty days" in results[0], results
    assert "score" in results[0] and "bytes 0–" in results[0]
    one(".results h3 a").click()
    heading("termination.txt")
    driver.back()
    click("More")
    fill("filter", "no JSON")
    one("button.primary").click()
    wait("the complaint", lambda: "no JSON" in one("#filter-problem").text)
    fill("filter", '{"team": "sales"}')
    one("button.primary").click()
    wait("no result", lambda: "No chunk has these words" in one("main").text)
    look("Search without a result")


def follow():
    click("Collections")
    click("contracts")
    heading("contracts")
    click("Follow a bucket")
    heading("Follow a bucket")
    fill("bucket", walk["bucket"])
    fill("minutes", "1")
    click("Begin")
    wait("the complaint", lambda: "from 5" in one("#minutes-problem").text)
    look("Sync with a wrong interval")
    fill("minutes", "60")
    click("Begin")
    wait("the sync's page", lambda: one("h1").text == "Sync of contracts")
    wait("the end of its first job", lambda: "completed" in one("#of-jobs").text)
    look("Sync")
    click("Pause")
    wait("the pause", lambda: "paused" in one(".status").text)
    click("Syncs")
    heading("Syncs")
    look("Syncs")
    one("td a").click()
    heading("Sync of contracts")
    click("End the sync")
    heading("End the sync")
    click("End the sync")
    wait("the notice", lambda: "has ended" in one(".notice").text)


def keys():
    click("Keys")
    heading("Keys")
    fill("name", "<b>ci</b>")
    click("Make the key")
    heading("A new key")
    key = one("#new-key").text
    assert key.startswith("cap_dev_") and len(key) == len("cap_dev_") + 64
    click("To the keys")
    heading("Keys")
    assert key not in driver.page_source and "<b>ci</b>" in texts("td")
    row = [row for row in driver.find_elements(By.CSS_SELECTOR, "tbody tr") if "<b>ci</b>" in row.text][0]
    row.find_element(By.LINK_TEXT, "Revoke").click()
    heading("Revoke the key")
    click("Revoke the key")
    wait("the notice", lambda: texts(".notice") == ["The key was revoked."])


def clean_up():
    click("Jobs")
    heading("Jobs")
    one("td a").click()
    wait("the job's page", lambda: one("h1").text.startswith("Job "))
    click("Roll back")
    heading("Roll the job back")
    click("Remove what it indexed")
    wait("the state", lambda: "rolled back" in one(".status").text)
    click("AWS")
    click("Replace it by a new one")
    heading("Replace the external ID")
    click("Leave it as it is")
    click("Collections")
    click("contracts")
    heading("contracts")
    click("Delete the collection")
    heading("Delete the collection")
    click("Delete the collection")
    wait("the notice", lambda: "was deleted" in one(".notice").text)
    driver.get(f"{console}/console/collections/contracts")
    heading("Not found")
    click("Sign out")
    heading("Sign in")
    driver.back()
    driver.refresh()
    heading("Sign in")


def main():
    sign_in()
    set_up_role()
    index()
    search()
    follow()
    keys()
    clean_up()
    # A 404 or a refused form is logged as an error of the network; anything else is one of ours.
    errors = [entry for entry in driver.get_log("browser") if entry["source"] != "network"]
    assert not errors, errors


try:
    main()
except Exception:
    if walk["screenshots"]:
        driver.save_screenshot(os.path.join(walk["screenshots"], "failed.png"))
    print(f"at {driver.current_url}:\n{one('body').text}", file=sys.stderr)
    raise
finally:
    driver.quit()
